"""Colander nodes as JSON Schema, by cornice_swagger's converters: its own for Colander's types, ours for ours."""

import re
from typing import Any

import colander
from colander import drop, required
from cornice_swagger.converters.schema import TypeConversionDispatcher, TypeConverter, ValidatorConversionDispatcher
from cornice_swagger.converters.schema import convert_regex_validator as by_pattern

from ..schemas import (
    INT4_MAX,
    AnyText,
    Anything,
    Choice,
    Flag,
    Id,
    Listing,
    Moment,
    Number,
    Strict,
    Text,
    Url,
    Whole,
    definition_name,
)
from .examples import example_of


class Converter(TypeConverter):
    """``title`` only where it names a definition, and a default that JSON can say."""

    convert_validator = ValidatorConversionDispatcher(by_pattern)

    def convert_type(self, node: Any) -> dict[str, Any]:
        found = {"type": self.type} if self.type else {}
        if node.description:
            found["description"] = re.sub(r"``([^`]*)``", r"`\1`", node.description)
        if node.missing not in (required, drop, None, colander.null):
            found["default"] = node.missing
        if getattr(node, "nullable", False):
            found["x-nullable"] = True
        return found

    def __call__(self, node: Any) -> dict[str, Any]:
        found = super().__call__(node)
        if "pattern" in found:
            found["pattern"] = found["pattern"].replace(r"\Z", "$")  # ECMA 262 knows no \Z
        return found


class StringConverter(Converter):
    type = "string"


class TextConverter(StringConverter):
    def convert_type(self, node: Any) -> dict[str, Any]:
        found = super().convert_type(node)
        if node.typ.min_chars:
            found["minLength"] = node.typ.min_chars
        if node.typ.max_chars < INT4_MAX:
            found["maxLength"] = node.typ.max_chars
        return found


class UrlConverter(TextConverter):
    def convert_type(self, node: Any) -> dict[str, Any]:
        return {**super().convert_type(node), "format": "uri"}


class IdConverter(StringConverter):
    def convert_type(self, node: Any) -> dict[str, Any]:
        return {**super().convert_type(node), "format": "uuid"}


class MomentConverter(StringConverter):
    def convert_type(self, node: Any) -> dict[str, Any]:
        return {**super().convert_type(node), "format": "date-time"}


class ChoiceConverter(StringConverter):
    def convert_type(self, node: Any) -> dict[str, Any]:
        return {**super().convert_type(node), "enum": list(node.typ.words)}


class WholeConverter(Converter):
    type = "integer"

    def convert_type(self, node: Any) -> dict[str, Any]:
        bounds = {"minimum": node.typ.min_value, "maximum": node.typ.max_value}
        size = "int32" if node.typ.max_value <= INT4_MAX else "int64"
        return {**super().convert_type(node), "format": size, **bounds}


class NumberConverter(Converter):
    type = "number"


class FlagConverter(Converter):
    type = "boolean"


class AnythingConverter(Converter):
    type = ""


class ArrayConverter(Converter):
    type = "array"

    def convert_type(self, node: Any) -> dict[str, Any]:
        found = super().convert_type(node)
        if isinstance(node.typ, Listing) and node.typ.max_items < INT4_MAX:
            found["maxItems"] = node.typ.max_items
        return {**found, "items": self.dispatcher(node.children[0])}


class ObjectConverter(Converter):
    """A ``Strict`` object has no other keys; a mapping without children has any. ``title``: that of a definition."""

    type = "object"

    def convert_type(self, node: Any) -> dict[str, Any]:
        found = super().convert_type(node)
        found.pop("default", None)
        if node.children:
            name = definition_name(node)
            if name:
                found["title"], found["example"] = name, example_of(node)
            found["properties"] = {child.name: self.dispatcher(child) for child in node.children}
            asked = [child.name for child in node.children if child.missing is required]
            if asked:
                found["required"] = asked
            if isinstance(node.typ, Strict) and not node.typ.ignores_unknown:
                found["additionalProperties"] = False
        return found


class FileConverter(Converter):
    type = "file"


CONVERTERS = {
    AnyText: TextConverter,
    Anything: AnythingConverter,
    Choice: ChoiceConverter,
    Flag: FlagConverter,
    Id: IdConverter,
    Moment: MomentConverter,
    Number: NumberConverter,
    Strict: ObjectConverter,
    Text: TextConverter,
    Url: UrlConverter,
    Whole: WholeConverter,
    colander.Sequence: ArrayConverter,
    colander.Mapping: ObjectConverter,
    colander.String: StringConverter,
}


class Types(TypeConversionDispatcher):
    """The converter of the nearest class that has one: a plugin's own type is derived from some of these."""

    def __call__(self, node: Any) -> dict[str, Any]:
        if getattr(node.typ, "is_file", False):
            return FileConverter(self)(node)
        nearest = next((cls for cls in type(node.typ).__mro__ if cls in self.converters), Anything)
        return self.converters[nearest](self)(node)
