# The five kinds of target. Each takes the *.cc files of the folder it is called in.

# Precompiles headers that most files of a kind of target include, once for all targets of that kind: the first has them.
# They hide a missing #include, which the builds without them find (preset tsan).
function(signet_precompile kind target)
  get_property(first GLOBAL PROPERTY SIGNET_HEADERS_OF_${kind})
  if(first)
    target_precompile_headers(${target} REUSE_FROM ${first})
  else()
    set_property(GLOBAL PROPERTY SIGNET_HEADERS_OF_${kind} ${target})
    target_precompile_headers(${target} PRIVATE ${ARGN})
  endif()
endfunction()

# A static library: the folder's name is its name. signet_library(x509 base OpenSSL::Crypto)
function(signet_library name)
  file(GLOB sources CONFIGURE_DEPENDS *.cc *.h)
  list(FILTER sources EXCLUDE REGEX "/main\\.cc$")
  add_library(${name} STATIC ${sources})
  set_target_properties(${name} PROPERTIES OUTPUT_NAME signet-${name})
  target_link_libraries(${name} PUBLIC ${ARGN} signet_options)
  if(NOT SIGNET_OWN_HEADERS)
    signet_precompile(libraries ${name} <fmt/format.h> <algorithm> <array> <chrono> <functional> <map> <memory> <mutex>
      <optional> <set> <string> <vector> <signet/result.h>)
  endif()
endfunction()

# One of the daemon's processes: a library and, from main.cc, its executable. signet_process(front wire config)
function(signet_process name)
  signet_library(${name} ${ARGN})
  if(name STREQUAL "supervisor")
    set(program signetd)
    set(where ${CMAKE_INSTALL_SBINDIR})
  else()
    set(program signet-${name})
    set(where ${CMAKE_INSTALL_LIBEXECDIR}/signet)
  endif()
  add_executable(${program} main.cc)
  target_link_libraries(${program} PRIVATE ${name})
  install(TARGETS ${program} DESTINATION ${where})
endfunction()

# A command for people. signet_tool(signet client)
function(signet_tool program)
  file(GLOB sources CONFIGURE_DEPENDS *.cc *.h)
  add_executable(${program} ${sources})
  target_link_libraries(${program} PRIVATE ${ARGN} signet_options)
  signet_precompile(tools ${program} <CLI/CLI.hpp> <nlohmann/json.hpp> <fmt/format.h> <fmt/ranges.h> <functional> <map>
    <optional> <string> <vector>)
  install(TARGETS ${program} DESTINATION ${CMAKE_INSTALL_BINDIR})
endfunction()

# A test program of every *_test.cc (and helper) in the folder; each TEST is a test of CTest. signet_test(x509 x509)
function(signet_test name)
  file(GLOB sources CONFIGURE_DEPENDS *.cc *.h)
  list(FILTER sources EXCLUDE REGEX "_fuzz\\.cc$")
  add_executable(${name}_test ${sources})
  target_link_libraries(${name}_test PRIVATE ${ARGN} GTest::gmock GTest::gtest_main signet_options)
  target_include_directories(${name}_test PRIVATE ${CMAKE_SOURCE_DIR}/tests)
  target_compile_definitions(${name}_test PRIVATE SIGNET_SOURCE_DIR="${CMAKE_SOURCE_DIR}"
    SIGNET_BIN_DIR="${CMAKE_RUNTIME_OUTPUT_DIRECTORY}")
  signet_precompile(tests ${name}_test <gmock/gmock.h> <gtest/gtest.h> <fmt/format.h> <chrono> <filesystem> <fstream>
    <functional> <map> <memory> <optional> <string> <vector>)
  gtest_discover_tests(${name}_test DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT 300 LABELS ${name})
endfunction()

# A libFuzzer target of one short file, built by the preset "fuzz" only: signet_fuzz(der x509) takes der_fuzz.cc and its
# seeds from the folder der_corpus beside it.
function(signet_fuzz name)
  if(NOT SIGNET_FUZZ)
    return()
  endif()
  add_executable(${name}_fuzz ${name}_fuzz.cc)
  target_link_libraries(${name}_fuzz PRIVATE ${ARGN} signet_options)
  target_link_options(${name}_fuzz PRIVATE -fsanitize=fuzzer)
  set_property(GLOBAL APPEND PROPERTY SIGNET_FUZZERS ${name}_fuzz)
endfunction()
