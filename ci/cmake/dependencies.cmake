# Everything comes from the distribution; ci/install-deps installs it.
set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(nlohmann_json 3.11 REQUIRED)
find_package(CLI11 REQUIRED)
find_package(Protobuf 3.21 REQUIRED)
find_package(SQLite3 REQUIRED)
if(BUILD_TESTING)
  find_package(GTest REQUIRED)
  include(GoogleTest)
endif()
find_package(Boost 1.81 REQUIRED)

find_package(PkgConfig REQUIRED)
pkg_check_modules(tomlplusplus REQUIRED IMPORTED_TARGET tomlplusplus)
pkg_check_modules(libseccomp REQUIRED IMPORTED_TARGET libseccomp)
pkg_check_modules(p11kit REQUIRED IMPORTED_TARGET p11-kit-1)  # headers only: src/token loads modules itself
pkg_check_modules(libidn2 REQUIRED IMPORTED_TARGET libidn2)
pkg_check_modules(libpsl REQUIRED IMPORTED_TARGET libpsl)

# It has no file for pkg-config.
find_path(UNISTRING_INCLUDE_DIR unictype.h REQUIRED)
find_library(UNISTRING_LIBRARY unistring REQUIRED)
add_library(unistring::unistring UNKNOWN IMPORTED)
set_target_properties(unistring::unistring PROPERTIES IMPORTED_LOCATION "${UNISTRING_LIBRARY}"
  INTERFACE_INCLUDE_DIRECTORIES "${UNISTRING_INCLUDE_DIR}")
