"""proto.py DESCRIPTOR_SET - buf's STANDARD lint rules over what protoc read.

Each finding is one line, "file: what: RULE"; the exit status is 1 when there is any.  Left out: the
rules on RPCs and services (there are none here; one would be a finding) and those on languages'
options that C does not have.
"""

import os
import re
import sys

from google.protobuf import descriptor_pb2

LOWER_SNAKE = re.compile(r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$")
PASCAL = re.compile(r"^[A-Z][A-Za-z0-9]*$")
UPPER_SNAKE = re.compile(r"^[A-Z][A-Z0-9]*(_[A-Z0-9]+)*$")
VERSION = re.compile(r"^v[1-9][0-9]*((alpha|beta)[1-9][0-9]*)?$")


def upper_snake(name):
    """FilingKind -> FILING_KIND."""
    name = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name)
    return re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", name).upper()


class Linter:
    def __init__(self):
        self.findings = []
        self.checked = 0

    def expect(self, holds, where, what, rule):
        self.checked += 1
        if not holds:
            self.findings.append(f"{where}: {what}: {rule}")

    def file(self, file):
        folder, base = os.path.split(file.name)
        parts = file.package.split(".")
        self.expect(bool(file.package), file.name, "no package", "PACKAGE_DEFINED")
        self.expect(folder == "/".join(parts), file.name, f"package {file.package}",
                    "PACKAGE_DIRECTORY_MATCH")
        self.expect(all(LOWER_SNAKE.match(p) for p in parts), file.name,
                    f"package {file.package}", "PACKAGE_LOWER_SNAKE_CASE")
        self.expect(bool(VERSION.match(parts[-1])), file.name, f"package {file.package}",
                    "PACKAGE_VERSION_SUFFIX")
        self.expect(bool(LOWER_SNAKE.match(base.removesuffix(".proto"))), file.name, base,
                    "FILE_LOWER_SNAKE_CASE")
        self.expect(file.syntax == "proto3", file.name, f"syntax {file.syntax or 'proto2'}",
                    "SYNTAX_SPECIFIED")
        self.expect(not file.public_dependency, file.name, "import public", "IMPORT_NO_PUBLIC")
        self.expect(not file.weak_dependency, file.name, "import weak", "IMPORT_NO_WEAK")
        self.expect(not file.service, file.name, "a service, for which there is no rule here",
                    "SERVICE")
        for message in file.message_type:
            self.message(file.name, message, message.name)
        for enum in file.enum_type:
            self.enum(file.name, enum)

    def message(self, where, message, path):
        if message.options.map_entry:
            return
        self.expect(bool(PASCAL.match(message.name)), where, path, "MESSAGE_PASCAL_CASE")
        for field in message.field:
            name = f"{path}.{field.name}"
            self.expect(bool(LOWER_SNAKE.match(field.name)), where, name,
                        "FIELD_LOWER_SNAKE_CASE")
            self.expect(field.name != "descriptor", where, name, "FIELD_NO_DESCRIPTOR")
            self.expect(field.label != field.LABEL_REQUIRED, where, name, "FIELD_NOT_REQUIRED")
        for oneof in message.oneof_decl:
            if not oneof.name.startswith("_"):
                self.expect(bool(LOWER_SNAKE.match(oneof.name)), where, f"{path}.{oneof.name}",
                            "ONEOF_LOWER_SNAKE_CASE")
        for nested in message.nested_type:
            self.message(where, nested, f"{path}.{nested.name}")
        for enum in message.enum_type:
            self.enum(where, enum)

    def enum(self, where, enum):
        prefix = upper_snake(enum.name) + "_"
        self.expect(bool(PASCAL.match(enum.name)), where, enum.name, "ENUM_PASCAL_CASE")
        self.expect(not enum.options.allow_alias, where, enum.name, "ENUM_NO_ALLOW_ALIAS")
        self.expect(enum.value[0].number == 0, where, f"{enum.name}.{enum.value[0].name}",
                    "ENUM_FIRST_VALUE_ZERO")
        for value in enum.value:
            name = f"{enum.name}.{value.name}"
            self.expect(bool(UPPER_SNAKE.match(value.name)), where, name,
                        "ENUM_VALUE_UPPER_SNAKE_CASE")
            self.expect(value.name.startswith(prefix), where, name, "ENUM_VALUE_PREFIX")
            if value.number == 0:
                self.expect(value.name == prefix + "UNSPECIFIED", where, name,
                            "ENUM_ZERO_VALUE_SUFFIX")


def same(linter, files):
    """PACKAGE_SAME_DIRECTORY and DIRECTORY_SAME_PACKAGE, and imports that nothing uses."""
    folders = {}
    packages = {}
    for file in files:
        folder = os.path.dirname(file.name)
        linter.expect(packages.setdefault(folder, file.package) == file.package, file.name,
                      f"package {file.package}", "DIRECTORY_SAME_PACKAGE")
        linter.expect(folders.setdefault(file.package, folder) == folder, file.name,
                      f"package {file.package}", "PACKAGE_SAME_DIRECTORY")


def types_used(message):
    for field in message.field:
        if field.type_name:
            yield field.type_name
    for nested in message.nested_type:
        yield from types_used(nested)


def types_defined(file):
    def of(message, prefix):
        yield f"{prefix}.{message.name}"
        for nested in message.nested_type:
            yield from of(nested, f"{prefix}.{message.name}")
        for enum in message.enum_type:
            yield f"{prefix}.{message.name}.{enum.name}"

    for message in file.message_type:
        yield from of(message, f".{file.package}")
    for enum in file.enum_type:
        yield f".{file.package}.{enum.name}"


def imports(linter, files):
    defined = {file.name: set(types_defined(file)) for file in files}
    for file in files:
        used = {name for message in file.message_type for name in types_used(message)}
        for dependency in file.dependency:
            linter.expect(bool(used & defined.get(dependency, used)), file.name,
                          f"import {dependency}", "IMPORT_USED")


def main():
    with open(sys.argv[1], "rb") as source:
        files = descriptor_pb2.FileDescriptorSet.FromString(source.read()).file
    linter = Linter()
    for file in files:
        linter.file(file)
    same(linter, files)
    imports(linter, files)
    for finding in linter.findings:
        print(finding)
    if linter.checked == 0:
        print("nothing was checked")
        return 1
    return 1 if linter.findings else 0


if __name__ == "__main__":
    sys.exit(main())
