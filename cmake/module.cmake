# One module = one folder = one static target.  It may link only modules of a lower layer; another
# link fails at configure time.
#   project_module(<name> LAYER <n> SOURCES <file>... [LINKS <target>...])
function(project_module name)
    cmake_parse_arguments(PARSE_ARGV 1 A "" "LAYER" "SOURCES;LINKS")
    foreach(dep IN LISTS A_LINKS)
        get_target_property(below ${dep} LAYER)
        if(NOT below MATCHES "NOTFOUND$" AND NOT below LESS A_LAYER)
            message(
                FATAL_ERROR
                "${name} (layer ${A_LAYER}) must not link ${dep} (layer ${below})"
            )
        endif()
    endforeach()
    add_library(${name} STATIC ${A_SOURCES})
    set_target_properties(${name} PROPERTIES LAYER ${A_LAYER})
    target_include_directories(${name} PUBLIC ${CMAKE_SOURCE_DIR}/proto ${CMAKE_SOURCE_DIR})
    target_link_libraries(${name} PUBLIC ${A_LINKS} PRIVATE project_flags)
endfunction()

# A program that is installed: it lies in build/bin.
#   project_program(<name> SOURCES <file>... LINKS <target>...)
function(project_program name)
    cmake_parse_arguments(PARSE_ARGV 1 A "" "" "SOURCES;LINKS")
    add_executable(${name} ${A_SOURCES})
    target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR}/proto ${CMAKE_SOURCE_DIR})
    target_link_libraries(${name} PRIVATE ${A_LINKS} project_flags)
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
endfunction()

# One file, one program, one ctest name, one label.
#   project_test(<kind>/test_<unit>.c LINKS <target>... [TIMEOUT <seconds>])   from tests/<kind>/
function(project_test source)
    cmake_parse_arguments(PARSE_ARGV 1 A "" "TIMEOUT" "LINKS")
    cmake_path(GET source STEM name)
    cmake_path(GET source PARENT_PATH kind)
    if(NOT A_TIMEOUT)
        set(A_TIMEOUT 60)
    endif()
    if(FILING_SANITIZE)
        math(EXPR A_TIMEOUT "${A_TIMEOUT} * 4") # sanitized code takes two to three times as long
    endif()
    add_executable(${name} ${CMAKE_SOURCE_DIR}/tests/${source})
    target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR}/proto ${CMAKE_SOURCE_DIR})
    target_link_libraries(${name} PRIVATE ${A_LINKS} project_flags PkgConfig::CMOCKA)
    add_test(NAME ${kind}/${name} COMMAND ${name} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
    set_tests_properties(${kind}/${name} PROPERTIES LABELS ${kind} TIMEOUT ${A_TIMEOUT})
endfunction()
