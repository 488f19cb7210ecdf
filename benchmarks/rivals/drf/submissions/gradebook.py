from collections import defaultdict

from courses.models import Course, Enrollment, Lesson, LessonCompletion
from django.db.models import Count
from django.http import Http404
from django.shortcuts import get_object_or_404
from rest_framework.exceptions import PermissionDenied
from rest_framework.views import APIView
from school.pagination import OldestFirst

from .models import Assignment, Submission


class GradebookView(APIView):
    """Students and their best grades, oldest enrollment first, for the staff of the course."""

    def get(self, request, course_id):
        course, user = get_object_or_404(Course, pk=course_id), request.user
        if not course.is_taught_by(user) and user.role != "admin":
            if course.is_visible_to(user):
                raise PermissionDenied
            raise Http404
        assignments = list(
            Assignment.objects.filter(lesson__course=course).select_related("lesson").order_by("lesson__position", "id")
        )
        paginator = OldestFirst()
        found = Enrollment.objects.filter(course=course, status__in=Enrollment.TAKING_PART).select_related("student")
        page = paginator.paginate_queryset(found, request, view=self)
        response = paginator.get_paginated_response(self.lines(course, assignments, page))
        response.data["columns"] = [column(assignment) for assignment in assignments]
        return response

    def lines(self, course, assignments, page):
        by_id = {assignment.id: assignment for assignment in assignments}
        student_ids = [enrollment.student_id for enrollment in page]
        work = defaultdict(lambda: defaultdict(list))
        for row in (
            Submission.objects.filter(assignment__lesson__course=course, student_id__in=student_ids)
            .exclude(status="draft")
            .values("id", "student_id", "assignment_id", "attempt", "status", "grade", "is_late")
        ):
            work[row["student_id"]][row["assignment_id"]].append(row)
        required = Lesson.objects.filter(course=course, is_published=True, is_required=True)
        completed = dict(
            LessonCompletion.objects.filter(lesson__in=required, student_id__in=student_ids)
            .values_list("student_id")
            .annotate(Count("lesson_id"))
        )
        visible = {assignment.id for assignment in assignments if is_visible(assignment)}
        counting = {assignment_id for assignment_id in visible if by_id[assignment_id].is_required}
        total = required.count() + len(counting)
        max_points = sum(by_id[assignment_id].max_points for assignment_id in visible)
        lines = []
        for enrollment in page:
            student = enrollment.student
            cells = [
                cell(by_id[assignment_id], attempts, assignment_id in visible)
                for assignment_id, attempts in sorted(work[student.id].items())
            ]
            passed = sum(each["is_passed"] and each["assignment_id"] in counting for each in cells)
            done = completed.get(student.id, 0) + passed
            lines.append(
                {
                    "enrollment_id": enrollment.id,
                    "status": enrollment.status,
                    "student": {
                        "id": student.id,
                        "username": student.username,
                        "first_name": student.first_name,
                        "last_name": student.last_name,
                        "role": student.role,
                    },
                    "cells": cells,
                    "total_points": sum(
                        each["grade"] or 0 for each in cells if each["counts"] and each["status"] == "checked"
                    ),
                    "max_points": max_points,
                    "progress_percent": min(done * 100 // total, 100) if total else 0,
                }
            )
        return lines


def is_visible(assignment):
    return assignment.is_published and assignment.lesson.is_published


def cell(assignment, attempts, counts):
    """The best checked attempt, or the latest while none is checked."""
    checked = [attempt for attempt in attempts if attempt["status"] == "checked"]
    best = max(checked or attempts, key=lambda attempt: (attempt["grade"] or 0, attempt["attempt"]))
    return {
        "assignment_id": assignment.id,
        "submission_id": best["id"],
        "attempt": best["attempt"],
        "status": best["status"],
        "grade": best["grade"],
        "is_late": best["is_late"],
        "is_passed": bool(checked) and best["grade"] >= assignment.pass_points,
        "needs_grading": any(attempt["status"] == "submitted" for attempt in attempts),
        "counts": counts,
    }


def column(assignment):
    return {
        "assignment_id": assignment.id,
        "lesson_id": assignment.lesson_id,
        "title": assignment.title,
        "max_points": assignment.max_points,
        "pass_points": assignment.pass_points,
        "is_required": assignment.is_required,
        "is_visible": is_visible(assignment),
    }
