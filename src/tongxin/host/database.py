"""The database and its two roles: the owner makes tables, the application works under row security."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self
from urllib.parse import quote, urlsplit

import psycopg
from psycopg import errors, sql
from psycopg.conninfo import conninfo_to_dict

from tongxin.base.problems import Problem
from tongxin.base.words import say

APP_ROLE = "tongxin_app"
OLDEST = 160_000
"""The oldest PostgreSQL that will do, as the server numbers itself."""
_EVERYTHING = (
    "REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {role}",
    "REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM {role}",
    "REVOKE ALL ON SCHEMA public FROM {role}",
    "GRANT USAGE ON SCHEMA public TO {role}",
    "GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {role}",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}",
)


class BadDatabaseUrl(Problem):
    """An address of a database cannot be read."""

    code = "host.bad_database_url"
    next_step = "写成 postgresql://用户:密码@主机:端口/库名；密码里的特殊字符要用 %XX 表示。"


class DatabaseAway(Problem):
    """The database does not answer, or does not let us in."""

    code = "host.database_away"
    status = 503
    next_step = "核对地址和密码，确认 PostgreSQL 正在运行，再试一次。"

    @classmethod
    def at(cls, url: str, error: psycopg.Error) -> Self:
        """Return the problem for an address, which it names without its password."""
        parts = conninfo_to_dict(url)
        host, port = str(parts.get("host", "localhost")), str(parts.get("port", 5432))
        message = say("连不上数据库 {host}:{port}：{reason}", host=host, port=port, reason=str(error).strip())
        return cls(message, host=host, port=port)


class OldPostgres(Problem):
    """The server is older than PostgreSQL 16."""

    code = "host.old_postgres"
    status = 500
    next_step = "把 PostgreSQL 升级到 16 或更新的版本，或者不设 DATABASE_URL，使用自带的数据库。"


class OwnerDenied(Problem):
    """The owner may not make what is missing: the database or the application's role."""

    code = "host.owner_denied"
    status = 500
    next_step = "给它 CREATEROLE 和 CREATEDB 权限，或者先建好，再用 DATABASE_APP_URL 给出应用角色的地址。"


class UnsafeRole(Problem):
    """The application's role could go around row security or act as the owner."""

    code = "host.unsafe_role"
    status = 500
    next_step = "换一个普通角色：不是所有者或其成员，没有 SUPERUSER 和 BYPASSRLS。"


@dataclass(frozen=True)
class Database:
    """The addresses of one database: the owner's and the application's."""

    owner_url: str
    app_url: str

    @property
    def app_role(self) -> str:
        """The name of the application's role."""
        return str(conninfo_to_dict(self.app_url)["user"])


def ensure(owner_url: str, app_url: str | None, app_password: str) -> Database:
    """Return the database, made if it is missing, with an application role that is checked to be safe.

    Without ``app_url`` the role ``tongxin_app`` is made, or gets its password anew. Raise BadDatabaseUrl,
    DatabaseAway, OldPostgres, OwnerDenied or UnsafeRole.
    """
    _require_url(owner_url)
    with _connect_or_create(owner_url) as owner:
        refuse_old(owner.info.server_version)
        if app_url is None:
            _ensure_role(owner, app_password)
            app_url = _as_role(owner_url, APP_ROLE, app_password)
        _require_url(app_url)
        _require_safe(app_url, owner.info.user)
    return Database(owner_url, app_url)


def grant(owner_url: str, app_role: str, append_only: Iterable[str], updatable: Mapping[str, Sequence[str]]) -> None:
    """Give the application's role exactly its rights on all tables of ``public``, in one transaction.

    ``append_only`` tables can be read and added to; ``updatable`` ones also changed in the columns given;
    ``django_migrations`` can be read; all others can be changed and deleted from as well.
    """
    role = sql.Identifier(app_role)
    with connect(owner_url) as owner, owner.transaction():
        for statement in _EVERYTHING:
            owner.execute(sql.SQL(statement).format(role=role))
        for table in append_only:
            _narrow(owner, role, table, sql.SQL("SELECT, INSERT"))
        for table, columns in updatable.items():
            named = sql.SQL(", ").join(map(sql.Identifier, columns))
            _narrow(owner, role, table, sql.SQL("SELECT, INSERT, UPDATE ({})").format(named))
        if _has_table(owner, "django_migrations"):
            _narrow(owner, role, "django_migrations", sql.SQL("SELECT"))


def drop_everything(owner_url: str) -> None:
    """Empty the database for good; the application's rights go with it."""
    with connect(owner_url) as owner, owner.transaction():
        owner.execute("DROP SCHEMA public CASCADE")
        owner.execute("CREATE SCHEMA public")


def connect(url: str) -> psycopg.Connection:
    """Return a connection that commits each statement; raise DatabaseAway."""
    try:
        return psycopg.connect(url, autocommit=True, connect_timeout=5)
    except psycopg.OperationalError as error:
        raise DatabaseAway.at(url, error) from error


def refuse_old(version: int) -> None:
    """Return if a server's version number is new enough; else raise OldPostgres."""
    if version < OLDEST:
        raise OldPostgres(say("PostgreSQL {major} 太旧。", major=version // 10_000), version=version)


def _narrow(owner: psycopg.Connection, role: sql.Identifier, table: str, rights: sql.SQL | sql.Composed) -> None:
    """Leave the role just these rights on a table."""
    places = {"role": role, "table": sql.Identifier("public", table), "rights": rights}
    owner.execute(sql.SQL("REVOKE ALL ON {table} FROM {role}").format(**places))
    owner.execute(sql.SQL("GRANT {rights} ON {table} TO {role}").format(**places))


def _has_table(owner: psycopg.Connection, table: str) -> bool:
    found = owner.execute("SELECT to_regclass(%s)", [f"public.{table}"]).fetchone()
    return found is not None and found[0] is not None


def _require_url(url: str) -> None:
    """Refuse what is no address, without showing it: there is a password in it."""
    try:
        parts = urlsplit(url)
        good = parts.scheme in {"postgres", "postgresql"} and parts.port != 0 and bool(conninfo_to_dict(url))
    except (psycopg.ProgrammingError, ValueError):
        good = False
    if not good:
        raise BadDatabaseUrl(say("数据库地址写得不对。"))


def _connect_or_create(url: str) -> psycopg.Connection:
    try:
        return connect(url)
    except DatabaseAway:
        if not _create_if_missing(url):
            raise
        return connect(url)


def _create_if_missing(url: str) -> bool:
    """Make the database that an address names, from next door; tell whether it was missing."""
    name = str(conninfo_to_dict(url).get("dbname", ""))
    with connect(psycopg.conninfo.make_conninfo(url, dbname="postgres")) as owner:
        if not name or owner.execute("SELECT FROM pg_database WHERE datname = %s", [name]).fetchone() is not None:
            return False
        _as_owner(
            owner,
            sql.SQL("CREATE DATABASE {} ENCODING 'UTF8' TEMPLATE template0").format(sql.Identifier(name)),
        )
    return True


def _ensure_role(owner: psycopg.Connection, password: str) -> None:
    found = owner.execute("SELECT FROM pg_roles WHERE rolname = %s", [APP_ROLE]).fetchone()
    rights = "CREATE ROLE {} LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE" if found is None else "ALTER ROLE {} LOGIN"
    # Hashed here, so that the server never sees the password and cannot log it.
    hashed = owner.pgconn.encrypt_password(password.encode(), APP_ROLE.encode(), b"scram-sha-256").decode()
    statement = sql.SQL(rights + " PASSWORD {}").format(sql.Identifier(APP_ROLE), sql.Literal(hashed))
    _as_owner(owner, statement)


def _as_owner(owner: psycopg.Connection, statement: sql.Composed) -> None:
    try:
        owner.execute(statement)
    except errors.InsufficientPrivilege as error:
        role = owner.info.user
        raise OwnerDenied(say("数据库角色 {role} 无权建立数据库或应用角色。", role=role), role=role) from error


def _as_role(url: str, role: str, password: str) -> str:
    """Return an address with another role's name and password."""
    parts = urlsplit(url)
    place = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=f"{quote(role, safe='')}:{quote(password, safe='')}@{place}").geturl()


def _require_safe(app_url: str, owner: str) -> None:
    """Refuse a role that is, or can become, the owner or somebody whom row security does not bind."""
    with connect(app_url) as app:
        above = app.execute(
            "SELECT rolname FROM pg_roles WHERE (rolsuper OR rolbypassrls OR rolname = %s)"
            " AND pg_has_role(current_user, oid, 'MEMBER')",
            [owner],
        ).fetchone()
        if above is not None:
            message = say("应用角色 {role} 可以当 {above} 用，行级权限管不住它。", role=app.info.user, above=above[0])
            raise UnsafeRole(message, role=app.info.user, above=above[0])
