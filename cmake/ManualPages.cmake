# cmake -DGODWIT=<program> -DTO=<directory> -P ManualPages.cmake: a page for the command, each verb, and the workload
# file, printed by the command itself.
function(page words name section)
  execute_process(COMMAND ${GODWIT} help --man ${words} OUTPUT_VARIABLE text COMMAND_ERROR_IS_FATAL ANY)
  file(WRITE ${TO}/man${section}/${name}.${section} "${text}")
endfunction()

function(verbs_after words result)
  execute_process(COMMAND ${GODWIT} complete ${words} "" OUTPUT_VARIABLE text COMMAND_ERROR_IS_FATAL ANY)
  string(REGEX MATCHALL "[^\n]+" verbs "${text}")
  set(${result} ${verbs} PARENT_SCOPE)
endfunction()

file(REMOVE_RECURSE ${TO})
page("" godwit 1)
page(workload godwit-workload 5)
verbs_after("" verbs)
foreach(verb ${verbs})
  page(${verb} godwit-${verb} 1)
endforeach()
verbs_after(inspect verbs)
foreach(verb ${verbs})
  page("inspect;${verb}" godwit-inspect-${verb} 1)
endforeach()
