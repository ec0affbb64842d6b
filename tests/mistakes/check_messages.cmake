# Compiles a file that does not compile: the compiler has to say what each of its mistakes is, in few lines.
execute_process(
    COMMAND ${COMPILER} -std=c++20 -fsyntax-only -DBOOST_ASIO_NO_DEPRECATED -I ${INCLUDES} ${SOURCE}
    ERROR_VARIABLE said RESULT_VARIABLE status)
if(status EQUAL 0)
    message(FATAL_ERROR "it compiles")
endif()
foreach(message
        "more is bound at the registration than the handler has parameters for"
        "a handler takes its Request or its WebSocket first, and by value"
        "a handler takes a std::string for each path parameter"
        "a handler of a WebSocket takes it first, and by value")
    string(FIND "${said}" "${message}" found)
    if(found EQUAL -1)
        message(FATAL_ERROR "no '${message}' in\n${said}")
    endif()
endforeach()
string(REGEX MATCHALL "\n" lines "${said}")
list(LENGTH lines count)
string(REGEX MATCHALL "error:" errors "${said}")
list(LENGTH errors error_count)
if(count GREATER 80 OR NOT error_count EQUAL 4)
    message(FATAL_ERROR "${error_count} errors in ${count} lines, where 4 are to be seen at once:\n${said}")
endif()
