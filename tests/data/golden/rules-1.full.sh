#!/bin/sh
# A pack under rules 1 that fills what one enterprise may have: 4,096 matters and 256 held filings,
# and then a filing more of each (224, 222).  Written here and not kept, because it has 2 MB; the
# chain of its last decision covers all of them.
#   rules-1.full.sh >PACK
set -eu

awk 'BEGIN {
    n = 0
    print "{\"reference\":{\"kind\":\"banks\",\"banks\":[{\"code\":\"210100000123\",\"name\":\"B\",\"roles\":[\"FILER\"],\"keys\":[]}]}}"
    print "{\"reference\":{\"kind\":\"policy\",\"policy\":1,\"rules\":1,\"parameters\":[{\"id\":\"FDI.PAYIN.YEARS\",\"from\":\"2024-07-01\",\"value\":\"5\",\"source\":\"s\",\"confirmed\":true}]}}"
    print "{\"reference\":{\"kind\":\"negative_list\",\"rows\":[{\"prefix\":\"P8310\",\"rule\":\"REVIEW\",\"from\":\"2024-11-01\",\"text\":\"t\"}]}}"
    print "{\"reference\":{\"kind\":\"rates\",\"date\":\"2026-04-13\",\"rates\":{\"USD\":\"7\"}}}"
    # Refused (118): it takes a number and a link of the chain all the same.
    print "{\"reference\":{\"kind\":\"rates\",\"date\":\"2026-04-13\",\"rates\":{\"USD\":\"8\"}}}"
    money = "{\"currency\":\"USD\",\"value\":\"1.00\"}"
    for (i = 0; i <= 4096; i++) {
        file("91210100300000010D", "fdi.preliminary", sprintf("\"application_no\":\"A%07d\"," \
            "\"investor\":{\"name\":\"N\",\"country\":\"DEU\"},\"money\":%s,\"purpose\":\"survey\"", i, money))
    }
    file("91110000600037341L", "fdi.registration", "\"registration_no\":\"R0000001\"," \
        "\"setup\":\"NEW\",\"region\":\"210100\",\"industry\":\"P8310\",\"established_on\":\"2026-03-02\"," \
        "\"registered_capital\":" money ",\"investors\":[{\"investor_no\":\"I1\",\"name\":\"N\"," \
        "\"country\":\"DEU\",\"subscribed\":" money ",\"cash\":" money ",\"share_bp\":10000," \
        "\"due_on\":\"2030-12-31\"}]")
    for (i = 0; i < 256; i++) {
        file("91110000600037341L", "fdi.inflow", "\"registration_no\":\"R0000001\"," \
            "\"investor_no\":\"I1\",\"money\":" money ",\"account\":\"A\",\"remitter_country\":\"DEU\"")
    }
}
function file(enterprise, event, details) {
    n++
    printf "{\"received_at\":\"2026-04-13T08:00:00.000Z\",\"filing\":{\"filing_id\":\"019a3f52-6c1e-7d40-9f6b-%012d\",", n
    printf "\"bank\":\"210100000123\",\"enterprise\":\"%s\",\"event\":\"%s\",", enterprise, event
    printf "\"business_date\":\"2026-04-13\",\"maker\":\"m\",\"checker\":\"c\",\"details\":{%s}}}\n", details
}'
