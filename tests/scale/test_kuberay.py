"""docs/kuberay.yaml: fields that KubeRay knows, versions that are ours, and a command that our command line takes.

The schema names what the manifest uses, by the field reference of KubeRay 1.7.1 (`ray.io/v1`) and of Kubernetes; its
own definition has 1.2 MB, nearly all of it pods. An unknown field is an error here, where a cluster would drop it.
"""

import re
import shlex
from typing import Any

import pytest
import typer
import yaml  # type: ignore[import-untyped]
from jsonschema import Draft202012Validator, ValidationError  # type: ignore[import-untyped]

from core import __version__
from core.cli.main import app
from core.jobs.process import PROJECT

TEXT, COUNT = {"type": "string"}, {"type": "integer", "minimum": 0}
TEXTS = {"type": "object", "additionalProperties": TEXT}
QUANTITY = {"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?(m|[KMGT]i?)?$"}
QUANTITIES = {"type": "object", "additionalProperties": QUANTITY}


def fields(*required: str, **known: Any) -> dict[str, Any]:
    return {"type": "object", "properties": known, "required": list(required), "additionalProperties": False}


def list_of(one: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": one, "minItems": 1}


CONTAINER = fields(
    "name",
    "image",
    name=TEXT,
    image=TEXT,
    envFrom=list_of(fields("secretRef", secretRef=fields("name", name=TEXT))),
    resources=fields("limits", "requests", limits=QUANTITIES, requests=QUANTITIES),
)
PODS = fields("spec", spec=fields("containers", containers=list_of(CONTAINER), nodeSelector=TEXTS))
WORKERS = fields(
    "groupName",
    "minReplicas",
    "maxReplicas",
    "template",
    groupName=TEXT,
    replicas=COUNT,
    minReplicas=COUNT,
    maxReplicas=COUNT,
    rayStartParams=TEXTS,
    template=PODS,
)
CLUSTER = fields(
    "headGroupSpec",
    rayVersion=TEXT,
    authOptions=fields(mode={"enum": ["disabled", "token"]}),
    headGroupSpec=fields("template", rayStartParams=TEXTS, template=PODS),
    workerGroupSpecs=list_of(WORKERS),
)
JOB = fields(
    "apiVersion",
    "kind",
    "metadata",
    "spec",
    apiVersion={"const": "ray.io/v1"},
    kind={"const": "RayJob"},
    metadata=fields("name", name={"type": "string", "pattern": "^[a-z0-9]([-a-z0-9]{0,45}[a-z0-9])?$"}),
    spec=fields(
        "entrypoint",
        "rayClusterSpec",
        entrypoint=TEXT,
        shutdownAfterJobFinishes={"type": "boolean"},
        ttlSecondsAfterFinished=COUNT,
        backoffLimit=COUNT,
        rayClusterSpec=CLUSTER,
    ),
)


@pytest.fixture
def job() -> Any:
    return yaml.safe_load((PROJECT / "docs" / "kuberay.yaml").read_text())


def test_fields_and_types_are_those_of_kuberay(job: Any) -> None:
    validator = Draft202012Validator(JOB)
    validator.validate(job)
    job["spec"]["rayClusterSpec"]["headGroupSpec"]["rayStartParams"]["num-cpus"] = 0  # which a cluster refuses
    with pytest.raises(ValidationError, match="0 is not of type 'string'"):
        validator.validate(job)


def test_versions_are_those_that_are_tested(job: Any) -> None:
    cluster = job["spec"]["rayClusterSpec"]
    lock = (PROJECT / "requirements-ray.txt").read_text()
    assert re.search(rf"^ray=={re.escape(cluster['rayVersion'])} ", lock, re.MULTILINE)
    groups = [cluster["headGroupSpec"], *cluster["workerGroupSpecs"]]
    images = {container["image"] for group in groups for container in group["template"]["spec"]["containers"]}
    assert {image.rpartition(":")[2] for image in images} == {__version__}
    assert len(images) == 1


def test_its_command_is_one_of_ours(job: Any) -> None:
    program, name, *arguments = shlex.split(job["spec"]["entrypoint"])
    command: Any = typer.main.get_command(app)
    with command.commands[name].make_context(name, arguments) as context:
        assert (program, context.params["engine"], context.params["resume"]) == ("pawlab", "ray", True)
