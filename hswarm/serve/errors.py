"""Errors in the shape that OpenAI's API gives them, whatever went wrong."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from hswarm.serve.chat import ChatRequest

TOO_LARGE: Final = "body_too_large"


class ErrorDetail(BaseModel):
    """What went wrong."""

    message: str
    type: str
    param: str | None
    code: str | None


class ErrorBody(BaseModel):
    """The body of every response that is an error."""

    error: ErrorDetail


class ApiError(Exception):
    """A request that is not answered; `code` is for programs, `message` for people."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        param: str | None = None,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.param = param
        self.retry_after = retry_after

    def body(self) -> ErrorBody:
        """Return the error as clients of OpenAI's API read it."""
        kind = "invalid_request_error" if self.status < HTTPStatus.INTERNAL_SERVER_ERROR else ""
        return ErrorBody(
            error=ErrorDetail(
                message=str(self), type=kind or "server_error", param=self.param, code=self.code
            )
        )

    def response(self) -> JSONResponse:
        """Return the error as a response."""
        headers = {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}
        return JSONResponse(self.body().model_dump(), self.status, headers)


def install(app: FastAPI) -> None:
    """Have every error of `app` take this shape."""

    async def ours(request: Request, error: Exception) -> Response:
        assert isinstance(error, ApiError)
        return error.response()

    async def invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return _of_validation(error).response()

    async def http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        response = _of_status(error.status_code, str(error.detail)).response()
        response.headers.update(error.headers or {})
        return response

    async def defect(request: Request, error: Exception) -> Response:
        return ApiError(500, "internal_error", "The server has made a mistake.").response()

    app.add_exception_handler(ApiError, ours)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(Exception, defect)


def _of_status(status: int, detail: str) -> ApiError:
    words = HTTPStatus(status).phrase.lower().replace(" ", "_")
    return ApiError(status, TOO_LARGE if status == 413 else words, detail)


def _of_validation(error: RequestValidationError) -> ApiError:
    """Say which parameter is wrong, and where there is a rule behind it, which."""
    first: dict[str, Any] = error.errors()[0]
    path = [str(part) for part in first["loc"] if part != "body"]
    if first["type"] == "json_invalid" or not path:
        return ApiError(
            400, "invalid_json", "The body is not a JSON object of type application/json."
        )
    param = ".".join(path)
    if first["type"] == "extra_forbidden":
        return ApiError(
            400,
            "unsupported_parameter",
            f"There is no parameter {param} here: it would have no effect.",
            param=param,
        )
    field = ChatRequest.model_fields.get(path[0])
    rule = f" {field.description}" if field is not None and field.description else ""
    unsupported = first["type"] == "literal_error"
    return ApiError(
        400,
        "unsupported_parameter" if unsupported else "invalid_value",
        f"{param}: {first['msg']}.{rule}",
        param=param,
    )
