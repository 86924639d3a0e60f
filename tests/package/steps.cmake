cmake_minimum_required(VERSION 3.25)

# step(<what> <command...>): runs a command and ends the test when it fails, with all that it said.
function(step what)
  execute_process(COMMAND ${ARGN} OUTPUT_VARIABLE output ERROR_VARIABLE output RESULT_VARIABLE result)
  if(NOT result EQUAL 0)
    message(NOTICE "${output}")
    message(FATAL_ERROR "${what} failed.")
  endif()
  set(output "${output}" PARENT_SCOPE)
endfunction()
