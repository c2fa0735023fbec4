# godwit_add_job(TYPE source.cpp … [LINKS targets…]): the target TYPE, a job type as plugins/TYPE.so in the
# project's build directory.
function(godwit_add_job type)
  cmake_parse_arguments(arg "" "" "LINKS" ${ARGN})
  add_library(${type} MODULE ${arg_UNPARSED_ARGUMENTS})
  target_link_libraries(${type} PRIVATE godwit::job ${arg_LINKS})
  set_target_properties(${type} PROPERTIES PREFIX "" SUFFIX .so CXX_VISIBILITY_PRESET hidden CXX_EXTENSIONS OFF
                        LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/plugins)
endfunction()

# godwit_add_policy(NAME source.cpp … [LINKS targets…]): the target NAME, a policy as policies/NAME.so in the project's
# build directory.
function(godwit_add_policy name)
  cmake_parse_arguments(arg "" "" "LINKS" ${ARGN})
  add_library(${name} MODULE ${arg_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PRIVATE godwit::policy ${arg_LINKS})
  set_target_properties(${name} PROPERTIES PREFIX "" SUFFIX .so CXX_VISIBILITY_PRESET hidden CXX_EXTENSIONS OFF
                        LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/policies)
endfunction()
