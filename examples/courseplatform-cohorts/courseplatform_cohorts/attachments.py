"""What students are told, while the plugin notifications is on."""

from courseplatform.api import Configurator

TEXTS = {
    "en": {
        "moved": '"{title}" is due at another time for your cohort: {due_at}.',
        "removed": '"{title}" has no due date any more for your cohort.',
    },
    "ru": {
        "moved": "Новый срок сдачи «{title}» для вашей группы: {due_at}.",
        "removed": "У «{title}» больше нет срока сдачи для вашей группы.",
    },
}


def notifications(config: Configurator) -> None:
    config.add_notification_kind("cohort_dates_moved", TEXTS)
    config.add_jobs("courseplatform_cohorts.telling")
    config.add_subscriber(
        "courseplatform_cohorts.telling._on_moved_dates", "courseplatform_cohorts.events.CohortDatesMoved"
    )
