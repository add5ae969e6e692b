#!/usr/bin/env bash
# layers.sh - includes point down only, as layers.txt says; linking would not see a header alone.
# Every folder of proto, producers and consumers with C in it has a row; tests may include anything.
# shellcheck source=tests/lint/files.sh
source "$(dirname "$0")/files.sh"

table=tests/lint/layers.txt
files 'proto/*.[ch]' 'producers/*.[ch]' 'consumers/*.[ch]' 'proto/*.def' |
    xargs -r grep -noE '^[[:space:]]*#[[:space:]]*include[[:space:]]+"[^"]+"' /dev/null |
    awk -v table="$table" '
    BEGIN {
        while ((getline row < table) > 0) {
            if (row ~ /^[[:space:]]*(#|$)/) {
                continue
            }
            split(row, sides, ":")
            if (sides[1] ~ /^never /) {
                never[substr(sides[1], 7)] = sides[2] " "
            } else {
                may[sides[1]] = sides[2] " "
            }
        }
    }
    # The longest row that path lies in, "" if none.
    function folder_of(path,    at) {
        while (match(path, /\/[^\/]*$/)) {
            path = substr(path, 1, RSTART - 1)
            if (path in may) {
                return path
            }
        }
        return ""
    }
    function refuse(text) {
        print where ": " text
        bad = 1
    }
    {
        match($0, /:[0-9]+:/)
        where = substr($0, 1, RSTART + RLENGTH - 2)
        from = substr($0, 1, RSTART - 1)
        match($0, /"[^"]+"/)
        name = substr($0, RSTART + 1, RLENGTH - 2)
        # proto/ is an include root of its own.
        to = name ~ /^(proto|producers|consumers|tests)\// ? name : "proto/" name
        here = folder_of(from)
        there = folder_of(to)
        if (here == "") {
            refuse("its folder has no row in " table)
        } else if (to !~ /^tests\// && there == "") {
            refuse("\"" name "\" names no folder of " table)
        } else if (here != there && index(may[here], " " there " ") == 0) {
            refuse(here " must not include \"" name "\"")
        }
        split(from, top, "/")
        split(to, other, "/")
        if (index(never[top[1]], " " other[1] " ") > 0) {
            refuse(top[1] " must never include " other[1])
        }
        n++
    }
    END {
        if (n == 0) {
            print "no include found: nothing was checked"
            bad = 1
        }
        exit bad
    }'
