"""Cohorts for the course platform: groups of students with dates and lessons of their own."""

from setuptools import setup

setup(
    name="courseplatform-cohorts",
    version="0.1.0",
    description="Cohorts for the course platform: groups of students with dates and lessons of their own",
    python_requires=">=3.11",
    packages=["courseplatform_cohorts", "courseplatform_cohorts.migrations"],
    install_requires=["courseplatform>=0.1,<0.2"],
    entry_points={
        "courseplatform.plugins": ["cohorts = courseplatform_cohorts"],
        "courseplatform.contracts": ["cohorts = courseplatform_cohorts.contract"],
    },
)
