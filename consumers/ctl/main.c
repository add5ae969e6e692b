/* filingctl: the operators' command.  One table of verbs; what each does is in a file of its own.
 */
#include <stddef.h>
#include <stdio.h>

#include "base/conf.h"
#include "base/exit.h"
#include "base/log.h"
#include "base/signals.h"
#include "consumers/ctl/ctl.h"

#define AT(member) offsetof(struct ctl_settings, member)
#define N(array)   (sizeof(array) / sizeof((array)[0]))

static const struct conf_option program_options[] = {
    {.key = "operator.key_file",
     .type = CONF_FILE,
     .offset = AT(operator_key_file),
     .help = "the private key with which this operator signs (PKCS#8 PEM, mode 0600)"},
    {.key = "authority.bank",
     .type = CONF_STRING,
     .offset = AT(authority_bank),
     .min = 12,
     .max = 12,
     .help = "the authority as which reviews are filed, by its code in the bank register"},
    {.key = "authority.key_file",
     .type = CONF_FILE,
     .offset = AT(authority_key_file),
     .help = "its private key (PKCS#8 PEM, mode 0600); a demonstration can do without"},
    {.key = "authority.key_id",
     .type = CONF_STRING,
     .offset = AT(authority_key_id),
     .min = 1,
     .max = 128,
     .help = "the key's id in the bank register; without it, found there by the key"},
};

static const struct conf_option topics_options[] = {
    {.option = "partitions",
     .type = CONF_INT,
     .offset = AT(partitions),
     .min = 1,
     .max = 4096,
     .preset = "12",
     .help = "of filings.submitted.v1 and filings.decided.v1; set once for a ledger"},
    {.option = "replication",
     .type = CONF_INT,
     .offset = AT(replication),
     .min = 1,
     .max = 16,
     .preset = "3",
     .help = "replicas of each partition; 1 on a laptop"},
    {.option = "min-isr",
     .type = CONF_INT,
     .offset = AT(min_isr),
     .min = 1,
     .max = 16,
     .preset = "2",
     .help = "replicas that have a record before it counts; 1 on a laptop"},
};

static const struct conf_option key_options[] = {
    {.option = "id",
     .type = CONF_STRING,
     .offset = AT(id),
     .min = 1,
     .max = 32,
     .meta = "ID",
     .flags = CONF_REQUIRED,
     .help = "the key's id in its register"},
};

static const struct conf_option found_options[] = {
    {.option = "key",
     .type = CONF_LIST,
     .offset = AT(keys),
     .meta = "FILE",
     .help = "the private key of an ISSUER that FILE names; two of different persons, in a "
             "demonstration one"},
    {.option = "demo",
     .type = CONF_SWITCH,
     .offset = AT(demo),
     .help = "a demonstration: filings may be unsigned and one signature suffices, for ever"},
    {.option = "in-memory",
     .type = CONF_SWITCH,
     .offset = AT(in_memory),
     .help = "internal, for whoever hosts librdkafka's mock cluster: its time stamps count; "
             "refused on any other broker"},
};

static const struct conf_option propose_options[] = {
    {.option = "format",
     .type = CONF_CHOICE,
     .offset = AT(format),
     .preset = "json",
     .words = (const char *const[]){"json", "parity", "ecb", NULL},
     .help = "of FILE: the objects of the rulebook, or, for rates, the central parity's CSV or the "
             "ECB's eurofxref-hist.csv"},
    {.option = "from",
     .type = CONF_STRING,
     .offset = AT(from),
     .meta = "DATE",
     .help = "of an import: the first date taken"},
    {.option = "to",
     .type = CONF_STRING,
     .offset = AT(to),
     .meta = "DATE",
     .help = "of an import: the last date taken"},
};

static const struct conf_option show_options[] = {
    {.option = "as-of",
     .type = CONF_STRING,
     .offset = AT(as_of),
     .meta = "DATE",
     .help = "what is in force on this date; without it, on today's date in Asia/Shanghai"},
    {.option = "at",
     .type = CONF_INT,
     .offset = AT(at),
     .min = 0,
     .max = INT64_MAX,
     .meta = "N",
     .help = "as of bulletin N; without it, the last one"},
};

static const struct conf_option ledger_options[] = {
    {.option = "as-of",
     .type = CONF_STRING,
     .offset = AT(as_of),
     .meta = "TIME",
     .help = "the limits as they were then (RFC 3339); decides the partition's log again"},
};

static const struct conf_option timeline_options[] = {
    {.option = "from",
     .type = CONF_STRING,
     .offset = AT(from),
     .meta = "TIME",
     .help = "decided then or later: RFC 3339, or a date in Asia/Shanghai"},
    {.option = "to",
     .type = CONF_STRING,
     .offset = AT(to),
     .meta = "TIME",
     .help = "decided then or earlier: RFC 3339, or a date in Asia/Shanghai"},
};

static const struct conf_option decisions_options[] = {
    {.option = "enterprise",
     .type = CONF_STRING,
     .offset = AT(enterprise),
     .meta = "CODE",
     .help = "of this enterprise only"},
    {.option = "bank",
     .type = CONF_STRING,
     .offset = AT(bank),
     .meta = "BANK",
     .help = "filed by this bank only"},
    {.option = "outcome",
     .type = CONF_STRING,
     .offset = AT(outcome),
     .meta = "WORD",
     .help = "ACCEPTED, REJECTED, HELD or DUPLICATE only"},
    {.option = "event",
     .type = CONF_STRING,
     .offset = AT(event),
     .meta = "EVENT",
     .help = "of this event only, e.g. fdi.inflow; bulletin for those of bulletins"},
    {.option = "from",
     .type = CONF_STRING,
     .offset = AT(from),
     .meta = "TIME",
     .help = "received then or later: RFC 3339, or a date in Asia/Shanghai"},
    {.option = "to",
     .type = CONF_STRING,
     .offset = AT(to),
     .meta = "TIME",
     .help = "received then or earlier: RFC 3339, or a date in Asia/Shanghai"},
    {.option = "follow",
     .type = CONF_SWITCH,
     .offset = AT(follow),
     .help = "go on with what is stored next, until SIGINT"},
};

static const struct conf_option operations_options[] = {
    {.option = "from",
     .type = CONF_STRING,
     .offset = AT(from),
     .meta = "TIME",
     .help = "done then or later: RFC 3339, or a date in Asia/Shanghai"},
    {.option = "to",
     .type = CONF_STRING,
     .offset = AT(to),
     .meta = "TIME",
     .help = "done then or earlier: RFC 3339, or a date in Asia/Shanghai"},
};

static const struct conf_option dead_list_options[] = {
    {.option = "from",
     .type = CONF_STRING,
     .offset = AT(from),
     .meta = "X",
     .help = "received then or later: RFC 3339, a date in Asia/Shanghai, or with --partition an "
             "offset"},
    {.option = "to",
     .type = CONF_STRING,
     .offset = AT(to),
     .meta = "X",
     .help = "received then or earlier, as for --from"},
    {.option = "partition",
     .type = CONF_INT,
     .offset = AT(partition),
     .min = 0,
     .max = 4095,
     .meta = "N",
     .help = "only this one"},
    {.option = "each",
     .type = CONF_SWITCH,
     .offset = AT(each),
     .help = "a row for each in place of one for each reason"},
};

static const struct conf_option redrive_options[] = {
    {.option = "from",
     .type = CONF_STRING,
     .offset = AT(from),
     .meta = "X",
     .help = "received then or later: RFC 3339, a date in Asia/Shanghai, or with --partition an "
             "offset; required"},
    {.option = "to",
     .type = CONF_STRING,
     .offset = AT(to),
     .meta = "X",
     .help = "received then or earlier, as for --from; required"},
    {.option = "partition",
     .type = CONF_INT,
     .offset = AT(partition),
     .min = 0,
     .max = 4095,
     .meta = "N",
     .help = "only what lies in this one"},
    {.option = "rate",
     .type = CONF_INT,
     .offset = AT(rate),
     .min = 1,
     .max = 100000,
     .preset = "100",
     .meta = "N",
     .help = "records a second at most"},
    {.option = "yes",
     .type = CONF_SWITCH,
     .offset = AT(yes),
     .help = "send; without it what would be sent is shown"},
};

static const char *const redrive_examples[] = {
    "filingctl dead-letters redrive --from 2026-04-13 --to 2026-04-13",
    "filingctl dead-letters redrive --partition 3 --from 131 --to 140 --yes", NULL};

static const struct conf_option verify_options[] = {
    {.option = "from",
     .type = CONF_STRING,
     .offset = AT(from),
     .meta = "X",
     .help = "compare what was received then or later: RFC 3339, a date in Asia/Shanghai, or, "
             "with --partition, an offset; what lies before is decided and not compared"},
    {.option = "to",
     .type = CONF_STRING,
     .offset = AT(to),
     .meta = "X",
     .help = "end with what was received then or earlier, as for --from"},
    {.option = "partition",
     .type = CONF_INT,
     .offset = AT(partition),
     .min = 0,
     .max = 4095,
     .meta = "N",
     .help = "only this one"},
    {.option = "enterprise",
     .type = CONF_STRING,
     .offset = AT(enterprise),
     .meta = "CODE",
     .help = "compare what was decided of this enterprise only"},
    {.option = "complete",
     .type = CONF_SWITCH,
     .offset = AT(complete),
     .help = "inputs that are not decided yet are a failure: 1"},
    {.option = "topics-only",
     .type = CONF_SWITCH,
     .offset = AT(topics_only),
     .help = "without a store: whoever can read the topics can prove them"},
    {.option = "from-checkpoint",
     .type = CONF_STRING,
     .offset = AT(from_checkpoint),
     .meta = "P:NUMBER",
     .help = "prove partition P from this signed checkpoint on; the log before --base is not "
             "needed"},
    {.option = "base",
     .type = CONF_FILE,
     .offset = AT(base),
     .meta = "FILE",
     .help =
         "a backup of the store ('ledger backup') at or before the checkpoint, which proves it"},
    {.option = "work",
     .type = CONF_STRING,
     .offset = AT(work),
     .meta = "DIR",
     .help = "keep what was done there: a run that was stopped or killed goes on, given the same "
             "command; without it, a temporary folder"},
    {.option = "threads",
     .type = CONF_INT,
     .offset = AT(threads),
     .min = 0,
     .max = 256,
     .meta = "N",
     .help = "that verify a partition each at a time; 0 = one a core"},
};

static const struct conf_option what_if_options[] = {
    {.option = "policy",
     .type = CONF_FILE,
     .offset = AT(policy),
     .meta = "FILE",
     .flags = CONF_REQUIRED,
     .help = "the policy to decide under: the object that 'reference propose policy' takes"},
    {.option = "from",
     .type = CONF_STRING,
     .offset = AT(from),
     .meta = "X",
     .help = "under that policy from the records received then on: RFC 3339, or a date in "
             "Asia/Shanghai; without it, from the first"},
    {.option = "to",
     .type = CONF_STRING,
     .offset = AT(to),
     .meta = "X",
     .help = "up to the records received then: RFC 3339, or a date in Asia/Shanghai; without it, "
             "to the end"},
    {.option = "show",
     .type = CONF_CHOICE,
     .offset = AT(show),
     .preset = "all",
     .words = (const char *const[]){"all", "flips", "limits", "sums", NULL},
     .help = "one of the three tables alone"},
};

static const struct conf_option evidence_options[] = {
    {.option = "enterprise",
     .type = CONF_STRING,
     .offset = AT(enterprise),
     .meta = "CODE",
     .help = "the records and decisions of this enterprise, with every bulletin of its partition"},
    {.option = "bank",
     .type = CONF_STRING,
     .offset = AT(bank),
     .meta = "BANK",
     .help = "with --filing: its enterprise's, up to the last decision on this filing"},
    {.option = "filing",
     .type = CONF_STRING,
     .offset = AT(filing),
     .meta = "ID",
     .help = "the filing's id, beside --bank"},
    {.option = "from",
     .type = CONF_STRING,
     .offset = AT(from),
     .meta = "TIME",
     .help = "of whole partitions: decisions on what was appended before are left out, the records "
             "are not, as the rest follows from them"},
    {.option = "to",
     .type = CONF_STRING,
     .offset = AT(to),
     .meta = "TIME",
     .help = "up to what was appended then: RFC 3339, or a date in Asia/Shanghai"},
    {.option = "partition",
     .type = CONF_INT,
     .offset = AT(partition),
     .min = 0,
     .max = 4095,
     .meta = "N",
     .help = "only this one"},
};

static const struct conf_option checkpoint_options[] = {
    {.option = "partition",
     .type = CONF_INT,
     .offset = AT(partition),
     .min = 0,
     .max = 4095,
     .meta = "N",
     .help = "only this one"},
};

static const struct conf_option prove_options[] = {
    {.option = "ledger",
     .type = CONF_STRING,
     .offset = AT(ledger),
     .meta = "ID",
     .help = "the ledger that it must be of, in hexadecimal digits; without it, it is printed"},
};

static const struct conf_option receipt_options[] = {
    {.option = "enterprise",
     .type = CONF_STRING,
     .offset = AT(enterprise),
     .meta = "CODE",
     .help = "whose filing, when the bank used the id for several enterprises"},
};

static const struct conf_option receipt_check_options[] = {
    {.option = "operators",
     .type = CONF_FILE,
     .offset = AT(operators),
     .help = "the keys of WORKERs and WITNESSes, as reference data of kind operators; without it, "
             "the operators in force of filings.reference.v1"},
    {.option = "ledger",
     .type = CONF_STRING,
     .offset = AT(ledger),
     .meta = "ID",
     .help = "the ledger that it must be of, in hexadecimal digits; without it, it is printed"},
};

static const struct conf_option export_options[] = {
    {.option = "format",
     .type = CONF_CHOICE,
     .offset = AT(export_format),
     .preset = "csv",
     .words = (const char *const[]){"csv", "jsonl", NULL},
     .help = "comma-separated values, or one JSON object a line"},
    {.option = "from",
     .type = CONF_STRING,
     .offset = AT(from),
     .meta = "TIME",
     .help = "received then or later: RFC 3339, or a date in Asia/Shanghai; not of limits"},
    {.option = "to",
     .type = CONF_STRING,
     .offset = AT(to),
     .meta = "TIME",
     .help = "received then or earlier: RFC 3339, or a date in Asia/Shanghai; not of limits"},
    {.option = "enterprise",
     .type = CONF_STRING,
     .offset = AT(enterprise),
     .meta = "CODE",
     .help = "of this enterprise only"},
};

static const struct conf_option review_options[] = {
    {.option = "maker",
     .type = CONF_STRING,
     .offset = AT(maker),
     .meta = "WHO",
     .flags = CONF_REQUIRED,
     .help = "who wrote the review"},
    {.option = "checker",
     .type = CONF_STRING,
     .offset = AT(checker),
     .meta = "WHO",
     .flags = CONF_REQUIRED,
     .help = "who checked it: another than the maker"},
    {.option = "officer",
     .type = CONF_STRING,
     .offset = AT(officer),
     .meta = "WHO",
     .flags = CONF_REQUIRED,
     .help = "whose verdict it is"},
    {.option = "reason",
     .type = CONF_STRING,
     .offset = AT(reason),
     .meta = "TEXT",
     .flags = CONF_REQUIRED,
     .help = "the officer's words, kept with the decision"},
    {.option = "enterprise",
     .type = CONF_STRING,
     .offset = AT(enterprise),
     .meta = "CODE",
     .help = "whose filing, when the bank used the id for several enterprises"},
};

static const struct conf_option repair_options[] = {
    {.option = "yes",
     .type = CONF_SWITCH,
     .offset = AT(yes),
     .help = "do it; without it what would be done is shown, nothing is changed, and it ends with "
             "2"},
};

static const struct conf_option republish_options[] = {
    {.option = "from",
     .type = CONF_INT,
     .offset = AT(from_number),
     .min = 1,
     .max = INT64_MAX,
     .meta = "N",
     .flags = CONF_REQUIRED,
     .help = "number of the first decision that the topic lacks"},
    {.option = "partition",
     .type = CONF_INT,
     .offset = AT(partition),
     .min = 0,
     .max = 4095,
     .meta = "N",
     .help = "only this one"},
    {.option = "yes",
     .type = CONF_SWITCH,
     .offset = AT(yes),
     .help = "do it; without it what would be done is shown, nothing is changed, and it ends with "
             "2"},
};

static const char *const rebuild_examples[] = {
    "filingctl ledger rebuild --store sqlite:/var/lib/filing/filings.db",
    "filingctl ledger rebuild --store sqlite:/var/lib/filing/filings.db --yes", NULL};
static const char *const republish_examples[] = {
    "filingctl decisions republish --from 5120 --partition 3",
    "filingctl decisions republish --from 5120 --partition 3 --yes", NULL};

static const char *const topics_examples[] = {
    "filingctl topics apply --bootstrap-server kafka-1:9092",
    "filingctl topics apply --partitions 4 --replication 1 --min-isr 1", NULL};
static const char *const found_examples[] = {
    "filingctl ledger found founding.json --key alice.pem --key bob.pem",
    "filingctl ledger found founding.json --key alice.pem --demo", NULL};
static const char *const propose_examples[] = {
    "filingctl reference propose policy policy.json",
    "filingctl reference propose rates eurofxref-hist.csv --format ecb --from 2023-01-01",
    "filingctl reference approve 4f0c6a1e9d2b7735", NULL};

static const char *const verify_examples[] = {
    "filingctl verify --store sqlite:/var/lib/filing/filings.db --complete",
    "filingctl verify --topics-only --from 2026-04-01 --to 2026-04-30",
    "filingctl verify --work /var/tmp/audit -o json", NULL};

static const struct conf_option decide_options[] = {
    {.option = "bytes",
     .type = CONF_SWITCH,
     .offset = AT(bytes),
     .help = "the bytes of every decision, those of bulletins too, in hexadecimal digits, one a "
             "line, in place of -o"},
};

static const char *const timeline_examples[] = {
    "filingctl timeline 91210112MA0FG1HX9X --from 2026-04-01 --to 2026-04-13", NULL};

static const char *const export_examples[] = {
    "filingctl export decisions --format jsonl --from 2026-04-01 --to 2026-04-30 > april.jsonl",
    "filingctl export limits --enterprise 91210112MA0FG1HX9X", NULL};

static const char *const what_if_examples[] = {
    "filingctl what-if --policy new-policy.json",
    "filingctl what-if --policy new-policy.json --from 2026-04-01 --show sums -o csv", NULL};

static const char *const evidence_examples[] = {
    "filingctl evidence export all.evidence",
    "filingctl evidence export one.evidence --enterprise 91210112MA0FG1HX9X",
    "filingctl evidence check one.evidence --ledger 0123456789abcdef0123456789abcdef", NULL};
static const char *const receipt_examples[] = {
    "filingctl receipt 210100000123 019a3f52-6c1e-7d40-9f6b-2f3a51c0d001 > receipt.json",
    "filingctl receipt check receipt.json --operators operators.json", NULL};

#define OPTIONS(array) .options = (array), .options_n = N(array)

static const char *const decide_examples[] = {"filingctl decide pack.jsonl -o json", NULL};

static const struct conf_verb verbs[] = {
    {.name = "topics apply",
     .arguments = "",
     .help = "create the five topics, or raise what they lack",
     .about = "Creates the topics of a ledger with the settings that it rests on, or raises "
              "settings that keep less than they must. Nothing is ever lowered: a partition count, "
              "replication or min.insync.replicas above what is asked for is named and refused, "
              "with 1, before anything is changed. A second run changes nothing. On librdkafka's "
              "cluster in memory, whose host makes the topics, they are only looked at.",
     OPTIONS(topics_options),
     .examples = topics_examples},
    {.name = "topics show",
     .arguments = "",
     .help = "the settings of the five topics, and what they must be",
     OPTIONS(topics_options)},
    {.name = "key new",
     .arguments = "FILE",
     .arguments_min = 1,
     .arguments_max = 1,
     .help = "make an Ed25519 key",
     .about = "Writes a new private key to FILE (PKCS#8 PEM, mode 0600; a file that is there is "
              "never overwritten) and prints the public key as the object that a register of banks "
              "or operators has for it, valid from today without end.",
     OPTIONS(key_options)},
    {.name = "ledger found",
     .arguments = "FILE",
     .arguments_min = 1,
     .arguments_max = 1,
     .help = "write the founding record of a ledger",
     .about = "FILE is {\"partitions\":12,\"operators\":[...]}, operators as in reference data. "
              "The founding record, signed by two ISSUERs that it names (one in a demonstration), "
              "goes to every partition of filings.submitted.v1 and to filings.reference.v1 in one "
              "Kafka transaction; the ledger's id is printed. Refused with 1 when a partition "
              "holds a committed record, with 78 when the topic has another number of partitions.",
     OPTIONS(found_options),
     .examples = found_examples},
    {.name = "reference propose",
     .arguments = "KIND FILE",
     .arguments_min = 2,
     .arguments_max = 2,
     .help = "propose reference data",
     .about = "KIND is policy, rates, calendar, banks, negative_list, sensitive_list or operators; "
              "FILE has one object, or one a line, as in the rulebook. What is wrong is refused "
              "with its line and field by the check that the workers make; what is in force "
              "already is left out. The proposal is signed with operator.key_file and waits in "
              "filings.reference.v1 for another person's approval; its id is printed. Rates of "
              "many dates are put into as few bulletins as fit.",
     OPTIONS(propose_options),
     .examples = propose_examples},
    {.name = "reference approve",
     .arguments = "ID...",
     .arguments_min = 1,
     .arguments_max = -1,
     .help = "approve proposals: they come into force",
     .about = "Signs the proposal with operator.key_file and issues it as the next bulletin, to "
              "every partition and to filings.reference.v1 in one Kafka transaction. The proposer "
              "cannot approve (5), except in a demonstration. Several ids are approved in the "
              "order given. What is in force already says so, exit 0.",
     .examples = propose_examples},
    {.name = "reference show",
     .arguments = "KIND",
     .arguments_min = 1,
     .arguments_max = 1,
     .help = "reference data in force",
     .about = "KIND as for propose, or proposals: what waits for an approval, or bulletins: all "
              "that were issued.",
     OPTIONS(show_options)},
    {.name = "decide",
     .arguments = "PACK",
     .arguments_min = 1,
     .arguments_max = 1,
     .help = "decide a file of filings and reference data, without Kafka or a store",
     .about = "PACK (- is standard input) has one JSON object a line, taken in order as the "
              "partition of a log: {\"reference\":{...}} brings reference data into force for the "
              "lines after it, {\"received_at\":...,\"filing\":{...}} is decided. The decisions "
              "of filings are printed. A line that is neither ends it with 1; a bulletin that is "
              "refused is told on stderr and makes the end 3; rejected filings are 0.",
     .examples = decide_examples,
     OPTIONS(decide_options)},
    {.name = "ledger show",
     .arguments = "CODE",
     .arguments_min = 1,
     .arguments_max = 1,
     .help = "the limits of one enterprise",
     .about =
         "Each limit with what is used, reserved and free, true for the decision that is named "
         "on stderr. What the stored state lacks is decided again from the log.",
     OPTIONS(ledger_options)},
    {.name = "filing",
     .arguments = "BANK ID",
     .arguments_min = 2,
     .arguments_max = 2,
     .help = "what became of a filing",
     .about = "When it was received, every decision on it, its reasons and postings, and what it "
              "rests on with values and sources. An id that the bank used for several enterprises "
              "shows all."},
    {.name = "timeline",
     .arguments = "CODE",
     .arguments_min = 1,
     .arguments_max = 1,
     .help = "all that was decided of an enterprise",
     .about =
         "Every decision of the enterprise in order, each as 'filing' shows it: every movement "
         "of its limits with the filing that caused it and the balance after it.",
     OPTIONS(timeline_options),
     .examples = timeline_examples},
    {.name = "decisions",
     .arguments = "",
     .help = "the decisions, filtered",
     .about = "Reads the journal of the store, partition after partition.",
     OPTIONS(decisions_options)},
    {.name = "held list",
     .arguments = "",
     .help = "the filings that are held, and what they wait for"},
    {.name = "review approve",
     .arguments = "BANK ID",
     .arguments_min = 2,
     .arguments_max = 2,
     .help = "approve a filing that is held for review",
     .about =
         "Publishes a signed review of authority.bank for the filing that BANK filed under ID, "
         "dated today in Asia/Shanghai, waits until the brokers have it, and prints its "
         "filing id and place. Refused before anything is sent: with 1 when the filing is "
         "not held for review, with 3 when the review's form is wrong, with 5 without an "
         "authority or its key. The workers decide it.",
     OPTIONS(review_options)},
    {.name = "review refuse",
     .arguments = "BANK ID",
     .arguments_min = 2,
     .arguments_max = 2,
     .help = "refuse a filing that is held for review",
     .about =
         "Publishes a signed review of authority.bank for the filing that BANK filed under ID, "
         "dated today in Asia/Shanghai, waits until the brokers have it, and prints its "
         "filing id and place. Refused before anything is sent: with 1 when the filing is "
         "not held for review, with 3 when the review's form is wrong, with 5 without an "
         "authority or its key. The workers decide it.",
     OPTIONS(review_options)},
    {.name = "explain",
     .arguments = "[REASON]",
     .arguments_max = 1,
     .help = "what a reason means, by code or number; all without one"},
    {.name = "status",
     .arguments = "",
     .help = "where each partition stands",
     .about = "For each partition the next offset, the last stable offset, the lag between them, "
              "how long a transaction has held the stable offset, the last decision and the last "
              "one published, the last bulletin, the owner and the chain."},
    {.name = "doctor",
     .arguments = "",
     .help = "what is wrong with this installation",
     .about = "Looks at the keys' modes, the topics' settings, the store, the ledger's id, the "
              "group's metadata, the log and the clocks. Ends with 1 when it finds something."},
    {.name = "audit numbers",
     .arguments = "",
     .help = "registration numbers that two enterprises registered",
     .about = "Reads all of filings.submitted.v1 and names each registration number (FDI and "
              "outbound share one space) that registrations of several enterprises bear, with the "
              "places of both. What was decided on them is not looked at. 1 when there is one."},
    {.name = "audit sequences",
     .arguments = "",
     .help = "gaps and repetitions in the banks' sequences",
     .about = "Reads all of filings.submitted.v1 and names, for each bank that numbers its "
              "filings, what is missing from 1 to its last number and what two filings bear, with "
              "places. A filing that was sent again is no repetition. Signatures are not looked "
              "at. 1 when there is a finding."},
    {.name = "checkpoint list",
     .arguments = "",
     .help = "what the workers have signed about the log, and who witnessed it",
     .about = "Every checkpoint of filings.checkpoints.v1 with what its signature is worth: good, "
              "unknown key, key without the role, key not valid on that date, wrong signature, of "
              "another ledger, or contradicted by another good one of the same decision. 1 when "
              "there is none.",
     OPTIONS(checkpoint_options)},
    {.name = "checkpoint witness",
     .arguments = "",
     .help = "countersign the newest checkpoint of each partition",
     .about = "Signs with operator.key_file, the key of a WITNESS in force who is another person "
              "than the worker's, after looking at it: its signature is good, no other "
              "contradicts it, and filings.decided.v1 has its chain at its number. 5 for whoever "
              "may not, 4 when something differs, which is then not signed. Keep the result "
              "elsewhere, too: 'checkpoint list -o json' on another machine shows later whether "
              "the log that is there still leads to it.",
     OPTIONS(checkpoint_options)},
    {.name = "audit operations",
     .arguments = "",
     .help = "who ran which proposal, approval, review, redrive and repair",
     .about =
         "Reads filings.operations.v1 and checks each record's signature against the operators "
         "in force when it was written: 'good', or what is wrong with it. Acts of several "
         "steps have two records, 'begun' and 'done' or 'failed'. 4 when a signature is not "
         "good.",
     OPTIONS(operations_options)},
    {.name = "dead-letters list",
     .arguments = "",
     .help = "records that could not be tried, by reason",
     .about = "The records that are undecodable, or lie under a wrong key or in a wrong partition: "
              "they have a decision, 101 at the empty field or at /enterprise, and no identity. "
              "Read from filings.decided.v1 and filings.submitted.v1; what no worker has decided "
              "yet is not among them. For each reason how many, the first and the last place, and "
              "the banks as far as they are known, by their filings or by the headers.",
     OPTIONS(dead_list_options)},
    {.name = "dead-letters show",
     .arguments = "PARTITION:OFFSET",
     .arguments_min = 1,
     .arguments_max = 1,
     .help = "one of them, down to the byte",
     .about = "Why it could not be tried, with the byte and the field of the fault, its decision, "
              "key, append time and headers, its fields as far as they can be read, and its "
              "bytes."},
    {.name = "dead-letters redrive",
     .arguments = "",
     .help = "send what lay in a wrong place to the right one",
     .about = "Publishes each record of the bounds that lay under a wrong key or in a wrong "
              "partition again: the same value, so that the bank's signature holds, under the "
              "enterprise as key, in its partition. Its headers are kept, with "
              "filing-redrive-count and filing-redrive-from beside them. What has a decision of "
              "its own by now, or waits for one, is passed over; what is undecodable, names no "
              "credit code or was redriven three times is never sent, and makes the end 3. "
              "Without --yes nothing is sent. With it operator.key_file signs for the act, which "
              "filings.operations.v1 keeps. A signal ends it between two records.",
     OPTIONS(redrive_options),
     .examples = redrive_examples},
    {.name = "verify",
     .arguments = "",
     .help = "prove that decisions and ledgers follow from the log",
     .about = "Decides every record of filings.submitted.v1 again and compares each decision, byte "
              "for byte, with filings.decided.v1 and with the journal of the store, then the "
              "store's states, filing ids, held filings and readable tables with what the log "
              "leads to. The end of a partition is fixed when it is begun. Each difference is a "
              "row that names what was touched; 4 when there is one. What was compared and what "
              "was not is told at the end, with -o json as one object. Nothing is written but in "
              "the work folder, which takes about as much room as the store.",
     OPTIONS(verify_options),
     .examples = verify_examples},
    {.name = "evidence export",
     .arguments = "FILE",
     .arguments_min = 1,
     .arguments_max = 1,
     .help = "write what was filed and decided, with its proofs, to one file",
     .about = "Writes the records, the bulletins that they rest on, the decisions and the "
              "checkpoints over them to FILE, signed with operator.key_file, the key of a WORKER "
              "in force (5 for anybody else). Of whole partitions, of an enterprise, or of an "
              "enterprise up to one filing. Read from the topics alone, ends fixed at the start. "
              "What has no checkpoint yet stands on its chain and this signature.",
     OPTIONS(evidence_options),
     .examples = evidence_examples},
    {.name = "evidence check",
     .arguments = "FILE",
     .arguments_min = 1,
     .arguments_max = 1,
     .help = "prove such a file, without Kafka or a store",
     .about = "Decides everything in FILE (- is standard input) again under its own bulletins, "
              "compares each decision byte for byte, follows the trees to the signed checkpoints, "
              "and checks every signature and digest. Each difference is a row; 4 when there is "
              "one, 1 when FILE is no evidence. Whose ledger it is only its id says: compare it "
              "with the one that you know, or give --ledger.",
     OPTIONS(prove_options),
     .examples = evidence_examples},
    {.name = "receipt",
     .arguments = "BANK ID",
     .arguments_min = 2,
     .arguments_max = 2,
     .help = "a receipt for the last decision on a filing, for the bank to keep",
     .about = "Prints a text of a few kilobytes: the decision, the hashes that lead from it to a "
              "signed checkpoint, and the checkpoint with its witnesses. 1 while no checkpoint "
              "covers the decision.",
     OPTIONS(receipt_options),
     .examples = receipt_examples},
    {.name = "receipt check",
     .arguments = "FILE",
     .arguments_min = 1,
     .arguments_max = 1,
     .help = "whether a receipt is to be believed",
     .about = "Follows the way from the decision to the checkpoint and checks its signatures by "
              "the keys of --operators, without Kafka, or by those of filings.reference.v1. 4 when "
              "anything in it is not right, 1 when it is no receipt.",
     OPTIONS(receipt_check_options),
     .examples = receipt_examples},
    {.name = "what-if",
     .arguments = "",
     .help = "what another policy would have decided",
     .about =
         "Decides filings.submitted.v1 twice side by side: as it is, and with FILE in place of "
         "every policy in force. Shows the filings whose last decision differs in outcome or "
         "codes, with the limit that decides and the money that is asked for; the limit "
         "accounts that would be over by another amount, or for which filings would be "
         "refused; and the differences by model, region and code, with amounts by currency. "
         "Limits that follow the calendar count as on the received date of the last record. "
         "Nothing is written anywhere. A policy that could not come into force is refused "
         "with 2 and the place.",
     OPTIONS(what_if_options),
     .examples = what_if_examples},
    {.name = "export",
     .arguments = "KIND",
     .arguments_min = 1,
     .arguments_max = 1,
     .help = "decisions, postings or limits as rows for other programs",
     .about = "KIND is decisions (one row each; as JSON what 'decisions -o json' gives), postings "
              "(one row each, with the change and the values after it) or limits (one row an "
              "account, as it is now). Reads one moment of the store, partition after partition, "
              "beside the worker; the first record (lines that begin with '#' in CSV) says for "
              "which decision of each partition, by number and chain, the rows are true.",
     OPTIONS(export_options),
     .examples = export_examples},
    {.name = "ledger backup",
     .arguments = "FILE",
     .arguments_min = 1,
     .arguments_max = 1,
     .help = "copy the store while a worker writes it",
     .about =
         "The copy is of one moment, is checked, and only then has its name; its partitions are "
         "printed. A file that is there is never overwritten (1); a full disk leaves nothing "
         "(6). To go on with a copy, put it in the store's place and run 'ledger catch-up'. "
         "No Kafka is needed."},
    {.name = "ledger rebuild",
     .arguments = "",
     .help = "make a lost store anew from the log",
     .about =
         "Decides filings.submitted.v1 from its first record on into a new store at --store, up "
         "to the last decision of filings.decided.v1, comparing each decision with the "
         "published one, byte for byte: the first difference is shown, ends it with 4, and "
         "leaves no store. Then the group's offsets name the new store: a worker on it goes on, "
         "one on the old store, should that come back, ends with 78. Refused with 78 while a "
         "worker runs, when a store with a ledger is there, or when the log does not reach "
         "back to its first record.",
     OPTIONS(repair_options),
     .examples = rebuild_examples},
    {.name = "ledger catch-up",
     .arguments = "",
     .help = "bring a restored backup up to what is published",
     .about =
         "Decides on from where the store stands, up to the last decision of "
         "filings.decided.v1, comparing each with the published one: the first difference is "
         "shown and ends it with 4; what was compared before it stays. Then the store takes a "
         "new id and the group's offsets name it: the store that was lost, should it come back, "
         "is refused by every worker with 78. Refused with 78 while a worker runs.",
     OPTIONS(repair_options)},
    {.name = "decisions republish",
     .arguments = "",
     .help = "publish again what the decision topic lost at its end",
     .about =
         "Publishes the journal's decisions from N on, in Kafka transactions as a worker does, "
         "when N follows the last one that is published and that one, and all that is read "
         "before it, equals the journal's (4 when not). A number that is published already, or "
         "one that would leave a gap, is refused with 78, as is running while a worker runs. "
         "Without --partition every partition that lacks some must lack them from N on.",
     OPTIONS(republish_options),
     .examples = republish_examples},
};

static const struct {
    const char *name;
    ctl_verb_fn *run;
} functions[] = {
    {"topics apply", topics_apply},
    {"topics show", topics_show},
    {"key new", key_new},
    {"ledger found", ledger_found},
    {"reference propose", reference_propose},
    {"reference approve", reference_approve},
    {"reference show", reference_show},
    {"decide", decide_pack},
    {"ledger show", ledger_show},
    {"filing", filing_show},
    {"timeline", timeline_show},
    {"decisions", decisions_list},
    {"held list", held_show},
    {"review approve", review_approve},
    {"review refuse", review_refuse},
    {"explain", reason_explain},
    {"status", status_show},
    {"doctor", doctor_run},
    {"audit numbers", audit_numbers},
    {"audit sequences", audit_sequences},
    {"checkpoint list", checkpoint_list},
    {"checkpoint witness", checkpoint_witness},
    {"audit operations", audit_operations},
    {"dead-letters list", dead_letters_list},
    {"dead-letters show", dead_letters_show},
    {"dead-letters redrive", dead_letters_redrive},
    {"verify", verify_ledger},
    {"evidence export", evidence_export},
    {"evidence check", evidence_prove},
    {"receipt", receipt_give},
    {"receipt check", receipt_prove},
    {"what-if", what_if_show},
    {"export", export_rows},
    {"ledger backup", ledger_backup},
    {"ledger rebuild", ledger_rebuild},
    {"ledger catch-up", ledger_catch_up},
    {"decisions republish", decisions_republish},
};
_Static_assert(N(functions) == N(verbs), "a function for each verb, in the same order");

static const struct conf_program program = {
    .name = "filingctl",
    .version = FILING_VERSION,
    .about = "Sets up a ledger, brings reference data into force, looks things up and proves what "
             "was decided. Data goes to stdout, talk to stderr.",
    .has_output = true,
    .options = program_options,
    .options_n = N(program_options),
    .verbs = verbs,
    .verbs_n = N(verbs),
};

static enum exit_code run(const struct conf_common *common, const struct ctl_settings *settings)
{
    const size_t verb = (size_t)(common->verb - verbs);
    struct ctl ctl = {.settings = settings, .common = common, .out = stdout, .code = EXIT_DONE};
    struct failure err = {.status = STATUS_OK};
    enum status status = topics_init(&ctl.topics, common->prefix, &err);
    enum exit_code code;

    if (status == STATUS_OK) {
        status = functions[verb].run(&ctl, &err);
    }
    code = status == STATUS_OK ? EXIT_DONE : exit_report(stderr, program.name, &err);
    if (signals_stop() && status != STATUS_OK) {
        return EXIT_INTERRUPTED;
    }
    return ctl.code != EXIT_DONE ? ctl.code : code;
}

int main(int argc, char **argv)
{
    const struct conf_input input = {
        .program = &program, .argc = argc, .argv = argv, .out = stdout};
    struct ctl_settings settings = {.at = -1, .partition = -1};
    struct failure err = {.status = STATUS_OK};
    struct conf *conf = NULL;
    enum exit_code code = EXIT_DONE;
    enum status status = conf_open(&input, &settings, &conf, &err);

    log_set_level(LOG_ERROR);
    if (status == STATUS_OK) {
        status = signals_install(&err);
    }
    if (status != STATUS_OK) {
        code = exit_report(stderr, program.name, &err);
    } else if (!conf_common(conf)->done) {
        code = run(conf_common(conf), &settings);
    }
    conf_close(conf);
    return (int)code;
}
