from enum import StrEnum


class P(StrEnum):
    LIST = "newplugin_name:list"
    EDIT = "newplugin_name:edit"
