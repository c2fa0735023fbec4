# godwit_mpi_gtest(NAME RANKS n… SOURCES … [LINKS …]): a gtest binary that every rank runs, under mpirun
# with each number of ranks. tests/mpi/mpi_main.hpp has its main; ctest label mpi.
# godwit_mpi_run(NAME RANKS n… COMMAND program args…): any program under the same launcher; each rank
# writes its verdict as tests/mpi/run_ranks says.
# godwit_script_test(NAME LABEL COMMAND script args…): a script that starts mpirun by itself. NAMESPACES: it makes network
# namespaces, whose names only one test can have at a time.
#
# Ranks under test wait for each other, and two cores are soon too few: those tests don't run side by side. Scripts mostly wait.

function(godwit_mpi_run name)
  cmake_parse_arguments(arg "" "" "RANKS;COMMAND" ${ARGN})
  foreach(ranks ${arg_RANKS})
    add_test(NAME ${name}.${ranks}_ranks
             COMMAND ${PROJECT_SOURCE_DIR}/tests/mpi/run_ranks ${ranks} ${arg_COMMAND})
    set_tests_properties(${name}.${ranks}_ranks PROPERTIES LABELS mpi TIMEOUT 150 RUN_SERIAL ON)
  endforeach()
endfunction()

function(godwit_mpi_gtest name)
  cmake_parse_arguments(arg "" "" "RANKS;SOURCES;LINKS" ${ARGN})
  add_executable(${name} ${arg_SOURCES} ${PROJECT_SOURCE_DIR}/tests/mpi/mpi_main.cpp)
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/runtime ${PROJECT_SOURCE_DIR}/tests)
  target_link_libraries(${name} PRIVATE ${arg_LINKS} godwit::edge_mpi GTest::gtest godwit_warnings godwit_sanitizers)
  godwit_mpi_run(${name} RANKS ${arg_RANKS} COMMAND $<TARGET_FILE:${name}>)
endfunction()

function(godwit_script_test name label)
  cmake_parse_arguments(arg "NAMESPACES" "TIMEOUT" "COMMAND" ${ARGN})
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 300)
  endif()
  add_test(NAME ${name} COMMAND ${arg_COMMAND})
  set_tests_properties(${name} PROPERTIES LABELS ${label} TIMEOUT ${arg_TIMEOUT}
                       ENVIRONMENT "GODWIT_BIN=${PROJECT_BINARY_DIR}/bin;GODWIT_PLUGINS=${PROJECT_BINARY_DIR}/plugins"
                       SKIP_RETURN_CODE 77)
  if(arg_NAMESPACES)
    set_tests_properties(${name} PROPERTIES RESOURCE_LOCK namespaces)
  endif()
endfunction()
