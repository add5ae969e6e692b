#!/usr/bin/env bash
# proto.sh - the .proto files follow the STANDARD rules of buf, by a reader of protoc's own
# descriptors, since buf is not in Debian.
# shellcheck source=tests/lint/files.sh
source "$(dirname "$0")/files.sh"
need protoc

# python3-protobuf belongs to the system's python, not to one that stands before it in PATH.
python=$(command -v /usr/bin/python3 || command -v python3 || absent python3)
"$python" -c 'import google.protobuf' 2>/dev/null || absent python3-protobuf

set_of_descriptors=$(mktemp)
trap 'rm -f "$set_of_descriptors"' EXIT
mapfile -t protos < <(files 'proto/*.proto' | sed 's|^proto/||')
if ((${#protos[@]} == 0)); then
    echo 'no .proto file found'
    exit 1
fi
protoc --proto_path=proto --include_source_info --descriptor_set_out="$set_of_descriptors" "${protos[@]}"
"$python" tests/lint/proto.py "$set_of_descriptors"
