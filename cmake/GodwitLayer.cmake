# godwit_layer: one folder, one target, one room. godwit_program, godwit_plugin, godwit_gtest likewise.
# Warnings and sanitizers come through INTERFACE targets; there are no global flags.

add_library(godwit_warnings INTERFACE)
target_compile_options(godwit_warnings INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion
                                                 -Wnon-virtual-dtor -Woverloaded-virtual -Wno-missing-field-initializers
                                                 # GCC 12 sees uninitialised members in moved std::variants at -O2
                                                 $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>
                                                 # Clang sees every unity as one source, and templates of nothing
                                                 $<$<CXX_COMPILER_ID:Clang>:-Wno-shadow> $<$<CXX_COMPILER_ID:Clang>:-Wno-unused-lambda-capture>)

add_library(godwit_sanitizers INTERFACE)
if(GODWIT_SANITIZE)
  # Null and misaligned pointers are what takes a third of the time to compile; the address sanitizer sees the former anyway.
  target_compile_options(godwit_sanitizers INTERFACE -fsanitize=${GODWIT_SANITIZE} -fno-sanitize=null,alignment -fno-omit-frame-pointer
                                                     -fno-sanitize-recover=all)
  target_link_options(godwit_sanitizers INTERFACE -fsanitize=${GODWIT_SANITIZE})
endif()
if(GODWIT_FUZZ)  # libFuzzer sees which branches an input takes; its main is linked to the fuzzers alone
  target_compile_options(godwit_sanitizers INTERFACE -fsanitize=fuzzer-no-link
    $<$<COMPILE_LANGUAGE:CXX>:SHELL:-include ${PROJECT_SOURCE_DIR}/tests/fuzz/source_location.hpp>)
endif()

# A target's sources compiled many at a time: most of a source's time is what it includes, so that a build from nothing takes
# a third. With a compiler launcher (ccache) each is compiled for itself: after a change that is quicker, and a cache hits.
set(launched ${CMAKE_CXX_COMPILER_LAUNCHER})
if(launched)
  option(GODWIT_UNITY "Compile a target's sources together" OFF)
else()
  option(GODWIT_UNITY "Compile a target's sources together" ON)
endif()
set(CMAKE_UNITY_BUILD ${GODWIT_UNITY})
set(CMAKE_UNITY_BUILD_BATCH_SIZE 18)

# What a user needs: the programs and the job types, without tests and benchmarks.
add_custom_target(godwit_programs)
# Unit and component tests alone: what the address+undefined sanitizers check.
add_custom_target(godwit_core_tests)
# The tests of what has threads: what the thread sanitizer checks. The core has none.
add_custom_target(godwit_thread_tests)

# How the core is compiled on top of the build type's flags: simulations are made of nothing else.
set(GODWIT_CORE_OPTIONS "" CACHE STRING "Compiler options for everything above the edge, such as -O2")
separate_arguments(GODWIT_CORE_OPTIONS)
set(godwit_core_folders "runtime/(base|state|job|message|port|policy|simulate|ledger|custody|checkpoint|allocator|host|manager|node)|tests/(sim|support)")

function(godwit_join target)
  file(RELATIVE_PATH folder ${PROJECT_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR})
  if(folder MATCHES "^(runtime|jobs)")
    add_dependencies(godwit_programs ${target})
  elseif(folder MATCHES "^tests/(unit|component)")
    add_dependencies(godwit_core_tests ${target})
  endif()
endfunction()

function(godwit_optimise target)
  file(RELATIVE_PATH folder ${PROJECT_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR})
  if(folder MATCHES "^(${godwit_core_folders})$")
    target_compile_options(${target} PRIVATE ${GODWIT_CORE_OPTIONS})
  endif()
endfunction()

# godwit_layer(NAME [SOURCES a.cpp …] [HEADERS a.hpp …] [LINKS targets…] [PRIVATE_LINKS targets…])
# Defines godwit_NAME and the alias godwit::NAME; headers are included as "folder/header.hpp" and must
# be self-contained (target all_verify_interface_header_sets).
function(godwit_layer name)
  cmake_parse_arguments(arg "" "" "SOURCES;HEADERS;LINKS;PRIVATE_LINKS" ${ARGN})
  if(arg_SOURCES)
    add_library(godwit_${name} STATIC ${arg_SOURCES})
    set(scope PUBLIC)
    target_link_libraries(godwit_${name} PRIVATE godwit_warnings godwit_sanitizers ${arg_PRIVATE_LINKS})
    godwit_optimise(godwit_${name})
    if(GODWIT_MUTATIONS)
      target_compile_definitions(godwit_${name} PRIVATE GODWIT_MUTATIONS)
    endif()
  else()
    add_library(godwit_${name} INTERFACE)
    set(scope INTERFACE)
  endif()
  if(arg_HEADERS)
    target_sources(godwit_${name} ${scope} FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR}/runtime FILES ${arg_HEADERS})
  endif()
  target_include_directories(godwit_${name} ${scope} ${PROJECT_SOURCE_DIR}/runtime)
  target_link_libraries(godwit_${name} ${scope} ${arg_LINKS})
  set_target_properties(godwit_${name} PROPERTIES VERIFY_INTERFACE_HEADER_SETS ON)
  add_library(godwit::${name} ALIAS godwit_${name})
endfunction()

# godwit_program(NAME SOURCES … LINKS …): an executable in build/<preset>/bin.
function(godwit_program name)
  cmake_parse_arguments(arg "" "" "SOURCES;LINKS" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/runtime)
  target_link_libraries(${name} PRIVATE ${arg_LINKS} godwit_warnings godwit_sanitizers)
  godwit_join(${name})
endfunction()

# godwit_plugin(TYPE SOURCES …): a job type as build/<preset>/plugins/TYPE.so.
function(godwit_plugin type)
  cmake_parse_arguments(arg "" "" "SOURCES;LINKS" ${ARGN})
  add_library(godwit_plugin_${type} MODULE ${arg_SOURCES})
  target_link_libraries(godwit_plugin_${type} PRIVATE godwit::job_interface ${arg_LINKS} godwit_warnings godwit_sanitizers)
  set_target_properties(godwit_plugin_${type} PROPERTIES PREFIX "" OUTPUT_NAME ${type} CXX_VISIBILITY_PRESET hidden
                        LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/plugins)
  godwit_join(godwit_plugin_${type})
endfunction()

# godwit_gtest(NAME LABEL [THREADS FILTER] SOURCES … LINKS …): each TEST becomes one ctest test with that label; sanitized
# ones are named so ("thread/Journal.Appends"), because one ctest run may cover several presets. THREADS: those
# of its tests, as --gtest_filter names them, whose subjects have threads; under the thread sanitizer only they are there.
function(godwit_gtest name label)
  cmake_parse_arguments(arg "" "THREADS" "SOURCES;LINKS" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/runtime ${PROJECT_SOURCE_DIR}/tests)
  target_link_libraries(${name} PRIVATE ${arg_LINKS} GTest::gtest GTest::gtest_main godwit_warnings godwit_sanitizers)
  godwit_join(${name})
  godwit_optimise(${name})
  if(GODWIT_MUTATIONS)
    target_link_libraries(${name} PRIVATE godwit_mutation_switch)
  endif()
  set(prefix)
  if(GODWIT_SANITIZE)
    set(prefix TEST_PREFIX "${GODWIT_SANITIZE}/")
  endif()
  if(arg_THREADS)
    add_dependencies(godwit_thread_tests ${name})
  endif()
  set(filter)
  if(GODWIT_SANITIZE STREQUAL "thread")
    if(NOT arg_THREADS)
      return()
    endif()
    set(filter TEST_FILTER ${arg_THREADS})
  endif()
  gtest_discover_tests(${name} ${prefix} ${filter} PROPERTIES LABELS ${label} TIMEOUT 120 DISCOVERY_TIMEOUT 60)
endfunction()
