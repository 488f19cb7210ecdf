"""The Swagger document: complete, valid by others' judgement, of the plugins that are on; what changes it is seen."""

import json
import re
from pathlib import Path
from typing import Any

import colander
import pytest
from openapi_spec_validator import OpenAPIV2SpecValidator, OpenAPIV31SpecValidator

from courseplatform.openapi.document import document_of
from courseplatform.openapi.examples import example_of
from courseplatform.openapi.openapi3 import METHODS
from courseplatform.schemas import faults
from courseplatform.testing import Client, counted_statements, make_app
from courseplatform.validation import Validator
from tests.contracts.swagger_snapshot import CHANGELOG, FOLDER, breaking, built_in, snapshot


@pytest.fixture(scope="module")
def swagger(wsgi_app: Any) -> dict[str, Any]:
    return Client(wsgi_app).get("/api/swagger.json").json


@pytest.fixture(scope="module")
def own() -> dict[str, Any]:
    """That of the plugins which come with the platform."""
    return built_in()


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (method, path, item[method]) for path, item in document["paths"].items() for method in METHODS if method in item
    ]


def test_others_find_both_documents_valid(wsgi_app: Any, swagger: dict[str, Any]) -> None:
    assert list(OpenAPIV2SpecValidator(swagger).iter_errors()) == []
    assert list(OpenAPIV31SpecValidator(Client(wsgi_app).get("/api/openapi.json").json).iter_errors()) == []


def test_every_method_of_every_service_is_an_operation(wsgi_app: Any, swagger: dict[str, Any]) -> None:
    served = {
        (method.lower(), service.public_path)
        for service in wsgi_app.registry.cornice_services.values()
        for method, _, _ in service.definitions
        if method not in ("HEAD", "OPTIONS")
    }
    assert {(method, path) for method, path, _ in operations(swagger)} == served


def test_an_operation_says_all_that_a_client_needs(swagger: dict[str, Any]) -> None:
    ids = [operation["operationId"] for _, _, operation in operations(swagger)]
    assert len(set(ids)) == len(ids)
    for method, path, operation in operations(swagger):
        label = f"{method} {path}"
        assert operation["summary"], label
        assert operation["tags"], label
        assert operation["x-permissions"], label
        successes = [status for status in operation["responses"] if status[0] in "23"]
        assert successes, label
        assert {"400", "401", "422", "429", "500", "503"} <= set(operation["responses"]), label
        for status, response in operation["responses"].items():
            if status[0] in "45":
                assert swagger["responses"][response["$ref"].rpartition("/")[2]]["x-codes"], label
        for parameter in operation.get("parameters", ()):
            assert parameter["in"] == "body" or parameter["type"] != "string" or bounded(parameter), (label, parameter)


def bounded(parameter: dict[str, Any]) -> bool:
    return parameter["in"] == "header" or any(key in parameter for key in ("maxLength", "format", "enum", "pattern"))


def test_every_answer_but_what_others_standards_shape_has_a_schema(own: dict[str, Any]) -> None:
    shapeless = {
        operation["operationId"]
        for _, _, operation in operations(own)
        for status, response in operation["responses"].items()
        if status in ("200", "201", "202") and not response.get("schema")
    }
    assert shapeless == {
        "get_certificate_credential",  # Open Badges 3.0
        "get_certificate_public_credential",
        "get_status_list",  # W3C Bitstring Status List
        "get_export",
        "post_oauth_revoke",
    }


def test_no_name_is_one_that_generated_clients_need_for_themselves(swagger: dict[str, Any]) -> None:
    assert not {"AuthenticatedClient", "Blob", "Client", "Date", "File", "Response", "Unset"} & set(
        swagger["definitions"]
    )
    for name in [*swagger["definitions"], *(operation["operationId"] for _, _, operation in operations(swagger))]:
        assert name.isidentifier(), name


def test_a_file_is_uploaded_as_a_file_and_null_is_no_word(wsgi_app: Any) -> None:
    schemas = Client(wsgi_app).get("/api/openapi.json").json["components"]["schemas"]
    assert schemas["SubmissionUpload"]["properties"]["file"]["format"] == "binary"
    assert schemas["SubmissionBodyPatch"]["properties"]["status"] == {
        "anyOf": [{"type": "string", "enum": ["draft", "submitted"]}, {"type": "null"}]
    }


def test_what_an_answer_never_lacks_is_said(wsgi_app: Any) -> None:
    paths = Client(wsgi_app).get("/api/openapi.json").json["paths"]
    required = {
        name for name, one in paths["/api/courses/"]["post"]["responses"]["201"]["headers"].items() if one["required"]
    }
    assert required == {"Location"}
    assert paths["/api/courses/{course_id}/"]["get"]["responses"]["200"]["headers"]["ETag"]["required"]


def test_no_token_is_asked_for_where_one_signs_in(swagger: dict[str, Any]) -> None:
    open_to = {operation["operationId"] for _, _, operation in operations(swagger) if operation["security"] == []}
    assert {"post_login", "post_register", "post_token_refresh"} <= open_to
    assert "post_logout" not in open_to


def test_the_rules_are_those_of_the_tree(swagger: dict[str, Any]) -> None:
    rules = {operation["operationId"]: operation["x-permissions"] for _, _, operation in operations(swagger)}
    assert rules["get_course"] == {
        "admin": "always",
        "anyone": "course.status is published",
        "course owner": "always",
        "course participant": "course.status is archived or published",
        "course teacher": "always",
    }
    assert rules["delete_course"] == {"admin": "always", "course owner": "always"}
    assert rules["put_submission_grade"] == dict.fromkeys(
        ("admin", "course teacher"), "submission.status is checked or returned or submitted"
    )
    assert rules["put_submission"] == {"submission author": "always, if they see it"}
    assert rules["post_register"] == {"anyone": "always"}


def test_what_restricts_is_told_in_public_words_and_where_it_does(swagger: dict[str, Any]) -> None:
    told = {(method, path): operation.get("x-restrictions") for method, path, operation in operations(swagger)}
    enrol = "/api/courses/{course_id}/enrollments/me/"
    assert told["put", enrol] == ["not for everybody: else 403 email_not_verified"]
    assert told["delete", enrol] is None
    assert not re.search(r"\b(plugins|courseplatform)\.\w+\.\w+", str(told))


def test_it_costs_a_client_that_has_it_nothing_and_the_database_never(client: Client) -> None:
    first = client.get("/api/swagger.json")
    with counted_statements(client.registry) as statements:
        client.get("/api/swagger.json", status=304, headers={"If-None-Match": first.headers["ETag"]})
        client.get("/api/openapi.json")
    assert statements == []


def test_a_plugin_that_is_off_is_not_in_it(database_url: str, tmp_path: Path) -> None:
    app = make_app(database_url, tmp_path, **{"courseplatform.plugins": "plugins.courses"})
    document = document_of(app.registry)
    app.registry["db.engine"].dispose()
    assert [tag["name"] for tag in document["tags"]] == ["accounts", "courseplatform", "courses"]
    told = json.dumps(document)
    assert "lesson" not in told.replace("no_lessons", "").replace("(lessons plugin)", "")


def test_the_document_of_today_is_committed(own: dict[str, Any]) -> None:
    committed = json.loads((FOLDER / "swagger.json").read_text())
    assert committed == snapshot(own), "run 'python -m tests.contracts.swagger_snapshot' and look at the difference"


def test_what_breaks_clients_is_in_the_changelog(own: dict[str, Any]) -> None:
    released = json.loads((FOLDER / "swagger-released.json").read_text())
    told = CHANGELOG.read_text()
    assert [change for change in breaking(released, snapshot(own)) if change.operation not in told] == []


def test_the_example_of_every_body_is_one_that_is_taken(wsgi_app: Any) -> None:
    for service in wsgi_app.registry.cornice_services.values():
        for method, _, arguments in service.definitions:
            for validator in arguments["validators"]:
                if isinstance(validator, Validator) and validator.body is not None:
                    try:
                        validator.body.deserialize(example_of(validator.body))
                    except colander.Invalid as error:
                        pytest.fail(f"{method} {service.public_path}: {faults(error, 'body')}")


def test_no_two_definitions_want_one_name(swagger: dict[str, Any]) -> None:
    assert [name for name in swagger["definitions"] if name[-1].isdigit()] == []
