# Makes each case of a Boost.Test program a test of CTest, as gtest_discover_tests() does for
# GoogleTest: the program itself is asked for its cases after each build.
#
#   discover_tests(TARGET LABEL name TIMEOUT seconds)
#
# With AddressSanitizer each suite is one: starting a program, and looking for leaks when it ends,
# takes longer then than most cases do.
#
# The second half of this file is a script, which the build runs.
if(NOT CMAKE_SCRIPT_MODE_FILE)
    set(DISCOVER_TESTS_SCRIPT ${CMAKE_CURRENT_LIST_FILE})

    function(discover_tests target)
        cmake_parse_arguments(PARSE_ARGV 1 given "" "LABEL;TIMEOUT" "")
        set(list ${CMAKE_CURRENT_BINARY_DIR}/${target}.list.cmake)
        set(guard ${CMAKE_CURRENT_BINARY_DIR}/${target}.include.cmake)
        if(CHAPTER08_SANITIZE)
            math(EXPR given_TIMEOUT "${given_TIMEOUT} * 5")
        endif()
        add_custom_command(TARGET ${target} POST_BUILD VERBATIM
            BYPRODUCTS ${list}
            COMMENT "Listing the cases of ${target}"
            COMMAND ${CMAKE_COMMAND}
                -D PROGRAM=$<TARGET_FILE:${target}> -D LIST=${list}
                -D LABEL=${given_LABEL} -D TIMEOUT=${given_TIMEOUT} -D BY_SUITE=${CHAPTER08_SANITIZE}
                -P ${DISCOVER_TESTS_SCRIPT})
        # A program that was not built must not look like one whose tests pass.
        file(WRITE ${guard}
            "if(EXISTS \"${list}\")\n"
            "    include(\"${list}\")\n"
            "else()\n"
            "    add_test(${target}_is_not_built ${target}_is_not_built)\n"
            "    set_tests_properties(${target}_is_not_built PROPERTIES LABELS ${given_LABEL})\n"
            "endif()\n")
        set_property(DIRECTORY APPEND PROPERTY TEST_INCLUDE_FILES ${guard})
    endfunction()
    return()
endif()

execute_process(
    COMMAND ${PROGRAM} --list_content
    OUTPUT_VARIABLE listing ERROR_VARIABLE listing RESULT_VARIABLE status)
if(NOT status EQUAL 0)
    message(FATAL_ERROR "${PROGRAM} --list_content ended with ${status}:\n${listing}")
endif()

# A line is a name with a `*` behind it, suites at the margin and their cases indented below.
string(REPLACE "\n" ";" lines "${listing}")
set(suite "")
set(tests "")
foreach(line IN LISTS lines)
    set(path "")
    if(line MATCHES "^([A-Za-z0-9_]+)\\*")
        set(suite ${CMAKE_MATCH_1})
        if(BY_SUITE)
            set(path ${suite})
        endif()
    elseif(line MATCHES "^ +([A-Za-z0-9_]+)\\*" AND NOT BY_SUITE)
        set(path ${suite}/${CMAKE_MATCH_1})
    endif()
    if(path)
        string(REPLACE "/" "." name ${LABEL}/${path})
        string(APPEND tests
            "add_test(${name} \"${PROGRAM}\" --run_test=${path} --log_level=error)\n"
            "set_tests_properties(${name} PROPERTIES TIMEOUT ${TIMEOUT} LABELS ${LABEL})\n")
    endif()
endforeach()
if(tests STREQUAL "")
    message(FATAL_ERROR "${PROGRAM} lists no test:\n${listing}")
endif()
file(WRITE ${LIST} "${tests}")
