# project_flags: our warnings and hardening, linked PRIVATE by every module, test and program of
# ours and by nothing generated.  Assertions stay on in every build type: CMake's Release and
# RelWithDebInfo define NDEBUG, so it is undone here, after them.
set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
if(NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "" FORCE)
endif()

add_library(project_flags INTERFACE)
target_compile_definitions(project_flags INTERFACE _GNU_SOURCE FILING_VERSION="${PROJECT_VERSION}")
target_compile_options(
    project_flags
    INTERFACE
        -UNDEBUG -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion
        -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition -Wundef -Wvla -Walloca
        -Wformat=2 -Wcast-align -Wcast-qual -Wpointer-arith -Wwrite-strings -Wswitch-enum
        -Wnull-dereference -Wdouble-promotion -Wfloat-equal -Wdate-time
        -Wnested-externs -Wredundant-decls -Winit-self -Wunused-macros -fno-common
        # gcc alone reads the comments in uthash's macros that say so
        $<$<C_COMPILER_ID:GNU>:-Wimplicit-fallthrough
        -Wcast-align=strict
        -Wformat-signedness
        -Wduplicated-cond
        -Wduplicated-branches
        -Wlogical-op
        -Wformat-overflow=2
        -Wformat-truncation=2
        -Walloc-zero
        -Wjump-misses-init
        -Wstringop-overflow=4
        -Warith-conversion
        -Wunused-const-variable=2>
        $<$<C_COMPILER_ID:Clang>:-Wcomma
        -Wconditional-uninitialized
        -Wloop-analysis
        -Wshift-sign-overflow
        -Wassign-enum
        -Wunreachable-code-aggressive
        -Wmissing-variable-declarations
        -Wbad-function-cast
        -Wthread-safety
        -Wextra-semi-stmt>
        $<$<BOOL:${FILING_WERROR}>:-Werror>
)
if(FILING_SANITIZE)
    target_compile_options(
        project_flags
        INTERFACE -fsanitize=${FILING_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer
                  # between the checks that it puts in, gcc loses sight of the ranges of numbers
                  $<$<C_COMPILER_ID:GNU>:-Wno-format-truncation
                  -Wno-format-overflow
                  -Wno-stringop-overflow>
    )
    target_link_options(project_flags INTERFACE -fsanitize=${FILING_SANITIZE})
endif()
if(CMAKE_BUILD_TYPE MATCHES "Rel" AND NOT FILING_SANITIZE)
    target_compile_options(
        project_flags
        INTERFACE
            -U_FORTIFY_SOURCE
            -D_FORTIFY_SOURCE=3
            -fstack-protector-strong
            -fstack-clash-protection
            -fcf-protection=full
            $<$<C_COMPILER_ID:GNU>:-ftrivial-auto-var-init=zero>
    )
    target_link_options(
        project_flags
        INTERFACE -pie -Wl,-z,relro,-z,now -Wl,-z,noexecstack -Wl,--as-needed
    )
endif()
