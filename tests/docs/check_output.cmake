# Runs a program and compares what it prints with a file: -D program=… [-D argument=…] -D expected=… [-D ends=…],
# where `ends` is how it has to end (0), such as "Subprocess aborted".
# A program that hangs is ended by the test's own time limit.
execute_process(COMMAND ${program} ${argument} OUTPUT_VARIABLE printed RESULT_VARIABLE status)
file(READ "${expected}" wanted)
if(NOT DEFINED ends)
    set(ends 0)
endif()
if(NOT status STREQUAL ends)
    message(FATAL_ERROR "it ended with ${status}")
endif()
if(NOT printed STREQUAL wanted)
    message(FATAL_ERROR "it printed\n${printed}\nwhere ${expected} says\n${wanted}")
endif()
