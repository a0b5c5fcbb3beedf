# How everything is compiled. One interface target carries it; every target of the project links it.
add_library(signet_options INTERFACE)
target_include_directories(signet_options INTERFACE ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR}/include)
target_compile_definitions(signet_options INTERFACE SIGNET_VERSION="${PROJECT_VERSION}")
target_compile_options(signet_options INTERFACE -Wall -Wextra -Wconversion -Wshadow -Wpedantic -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 warns of memory it invents inside std::variant and std::string when it inlines them (GCC bugs 105562, 105651).
  target_compile_options(signet_options INTERFACE -Wno-maybe-uninitialized -Wno-restrict)
elseif(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  # std::stable_sort of GCC 12's library calls a function that the same library deprecates; GCC still warns of all others.
  target_compile_options(signet_options INTERFACE -Wno-deprecated-declarations)
endif()

if(CMAKE_BUILD_TYPE MATCHES "Rel")
  target_compile_definitions(signet_options INTERFACE _GLIBCXX_ASSERTIONS)
  target_compile_options(signet_options INTERFACE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -fstack-protector-strong
    -fstack-clash-protection)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
    target_compile_options(signet_options INTERFACE -fcf-protection=full)
  endif()
  target_link_options(signet_options INTERFACE -Wl,-z,relro,-z,now,-z,noexecstack,-z,separate-code -Wl,--as-needed)
endif()
include(CheckPIESupported)
check_pie_supported(LANGUAGES CXX)

if(SIGNET_SANITIZE)
  target_compile_options(signet_options INTERFACE -fsanitize=${SIGNET_SANITIZE} -fno-sanitize-recover=all
    -fno-omit-frame-pointer -g1)  # names and lines: what a finding says
  target_link_options(signet_options INTERFACE -fsanitize=${SIGNET_SANITIZE})
endif()
if(SIGNET_FUZZ)
  target_compile_options(signet_options INTERFACE -fsanitize=fuzzer-no-link)
  target_link_options(signet_options INTERFACE -fsanitize=fuzzer-no-link)
endif()
