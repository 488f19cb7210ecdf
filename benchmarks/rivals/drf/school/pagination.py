from rest_framework.pagination import CursorPagination


class NewestFirst(CursorPagination):
    """Ids are UUIDs of version 7: their order is that of time."""

    ordering = "-id"
    page_size_query_param = "limit"
    max_page_size = 100


class OldestFirst(NewestFirst):
    ordering = "id"
