from accounts.views import SignInView
from courses.views import CourseViewSet, LessonViewSet
from django.urls import include, path
from notifications.views import NotificationViewSet
from rest_framework_nested.routers import NestedSimpleRouter, SimpleRouter
from submissions.gradebook import GradebookView
from submissions.views import SubmissionViewSet

router = SimpleRouter()
router.register("courses", CourseViewSet, basename="course")
router.register("users/notifications", NotificationViewSet, basename="notification")
lessons = NestedSimpleRouter(router, "courses", lookup="course")
lessons.register("lessons", LessonViewSet, basename="lesson")
submissions = SimpleRouter()
submissions.register("submissions", SubmissionViewSet, basename="submission")

urlpatterns = [
    path("api/auth/login/", SignInView.as_view()),
    path("api/courses/<uuid:course_id>/gradebook/", GradebookView.as_view()),
    path(
        "api/courses/<uuid:course_id>/lessons/<uuid:lesson_id>/assignments/<uuid:assignment_id>/",
        include(submissions.urls),
    ),
    path("api/", include(router.urls)),
    path("api/", include(lessons.urls)),
]
