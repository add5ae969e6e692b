/* Processes that send themselves signals, and how they end. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/signals.h"

/* Send itself the signals and leave with 10 + what signals_stop() said before and after. */
static int child_with(int first, int second)
{
    int status = 0;
    const pid_t child = fork();

    if (child == 0) {
        int answer = 10;

        if (signals_install(NULL) != STATUS_OK || signals_stop()) {
            _exit(1);
        }
        (void)kill(getpid(), SIGPIPE);
        (void)kill(getpid(), first);
        answer += signals_stop() ? 1 : 0;
        if (second) {
            (void)kill(getpid(), second);
        }
        _exit(answer);
    }
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void the_first_signal_asks_and_the_second_ends(void **state)
{
    (void)state;
    assert_int_equal(child_with(SIGTERM, 0), 11);
    assert_int_equal(child_with(SIGINT, 0), 11);
    assert_int_equal(child_with(SIGINT, SIGTERM), 130);
    assert_int_equal(child_with(SIGTERM, SIGTERM), 130);
    assert_int_equal(child_with(SIGPIPE, 0), 10);
}

static void a_program_can_ask_itself_to_stop(void **state)
{
    (void)state;
    assert_false(signals_stop());
    signals_request_stop();
    signals_request_stop();
    assert_true(signals_stop());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_signal_asks_and_the_second_ends),
        cmocka_unit_test(a_program_can_ask_itself_to_stop),
    };

    return cmocka_run_group_tests_name("signals", tests, NULL, NULL);
}
