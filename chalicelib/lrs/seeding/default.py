"""The config that is built in: a small school in a year, in English and German."""

from collections.abc import Mapping
from typing import Any

_ADL = "http://adlnet.gov/expapi"
_SITE = "https://seeding.example.org"

DEFAULT: Mapping[str, Any] = {
    "seed": "default",
    "statements": 1000,
    "starts": "2026-01-05T08:00:00Z",
    "every": 300,
    "agents": {
        "learners": {
            "quantity": 200,
            "identifiers": ["mbox", "account", "mbox_sha1sum", "openid"],
            "name": "Learner {n}",
        },
        "teachers": {"quantity": 10, "identifiers": "account", "name": "Teacher {n}"},
    },
    "groups": {
        "classes": {"quantity": 12, "of": "learners", "members": 8, "identified": True, "name": "Class {n}"},
        "pairs": {"quantity": 30, "of": "learners", "members": 2},
    },
    "verbs": {
        name: {"id": f"{_ADL}/verbs/{name}", "display": {"en": name, "de": german}}
        for name, german in {
            "attempted": "versuchte",
            "completed": "beendete",
            "passed": "bestand",
            "failed": "bestand nicht",
            "answered": "beantwortete",
            "commented": "kommentierte",
        }.items()
    },
    "activities": {
        "courses": {
            "quantity": 20,
            "id": f"{_SITE}/courses/{{n}}",
            "type": f"{_ADL}/activities/course",
            "name": {"en": "Course {n}", "de": "Kurs {n}"},
            "description": {"en": "The course with the number {n}"},
        },
        "lessons": {
            "quantity": 100,
            "id": f"{_SITE}/lessons/{{n}}",
            "type": f"{_ADL}/activities/lesson",
            "name": {"en": "Lesson {n}", "de": "Lektion {n}"},
        },
        "questions": {
            "quantity": 500,
            "id": f"{_SITE}/questions/{{n}}",
            "type": f"{_ADL}/activities/question",
            "name": {"en": "Question {n}", "de": "Frage {n}"},
        },
        "school": {"id": f"{_SITE}/school", "name": {"en": "The school"}},
    },
    "templates": [
        {
            "weight": 4,
            "actor": "learners",
            "verb": "answered",
            "object": "questions",
            "result": {"success": 0.7, "duration": [2, 90], "responses": ["a", "b", "c", "d"]},
            "context": {"registration": True, "parent": "lessons", "grouping": "courses"},
        },
        {
            "weight": 3,
            "actor": "learners",
            "verb": ["attempted", "completed"],
            "object": "lessons",
            "result": {"completion": 0.8, "duration": [60, 3600]},
            "context": {
                "registration": True,
                "instructor": "teachers",
                "team": "classes",
                "parent": "courses",
                "category": "school",
                "platform": "Seeding",
                "language": "en",
            },
        },
        {
            "weight": 2,
            "actor": "learners",
            "verb": "passed",
            "object": "courses",
            "result": {"score": [60, 100], "success": 1, "completion": 1},
            "context": {"registration": True, "instructor": "teachers"},
        },
        {
            "weight": 1,
            "actor": "learners",
            "verb": "failed",
            "object": "courses",
            "result": {"score": [0, 59], "success": 0, "completion": 0.9},
            "context": {"registration": True, "instructor": "teachers"},
        },
        {"actor": ["classes", "pairs"], "verb": "attempted", "object": ["courses", "lessons"]},
        {"actor": "teachers", "verb": "commented", "object": ["learners", "classes"]},
    ],
}
