"""What surrounds the rows of a PostgreSQL database: definitions, owners, grants and sequences, as text by aspect.

Each aspect is a checksum over facts in any order, from the system catalogs (PostgreSQL documentation, "System
Catalogs" and "System Information Functions"). What an extension brought is told by the extension's version.
"""

# ruff: noqa: S608 - the statements are put together from this file's own constants

from __future__ import annotations

import json
from typing import Any

from guard.recovery.digest import Digest

GRANTS = "owners and grants"
_OURS = "n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'"
_ACL = "ARRAY(SELECT each::text FROM unnest({}) each ORDER BY 1)::text"


def _own(catalog: str, alias: str) -> str:
    """Not a part of an extension."""
    return (
        f"NOT EXISTS (SELECT FROM pg_catalog.pg_depend e WHERE e.classid = 'pg_catalog.{catalog}'::regclass "
        f"AND e.objid = {alias}.oid AND e.deptype = 'e')"
    )


def _identity(catalog: str, what: str) -> str:
    """Names of the objects in a catalog that aren't the server's own."""
    return (
        f"SELECT '{what}', (pg_identify_object('pg_catalog.{catalog}'::regclass, o.oid, 0)).identity "
        f"FROM pg_catalog.{catalog} o WHERE o.oid >= 16384 AND {_own(catalog, 'o')}"
    )


_IN_CLASS = f"FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {_OURS} AND {_own('pg_class', 'c')}"

ASPECTS: dict[str, tuple[str, ...]] = {
    "tables and columns": (
        f"SELECT n.nspname FROM pg_namespace n WHERE {_OURS}",
        f"""SELECT n.nspname, c.relname, c.relkind::text, c.relpersistence::text, c.reloptions::text, c.relrowsecurity,
              c.relforcerowsecurity, c.relreplident::text, pg_get_expr(c.relpartbound, c.oid),
              CASE WHEN c.relkind = 'p' THEN pg_get_partkeydef(c.oid) END,
              ARRAY(SELECT i.inhparent::regclass::text FROM pg_inherits i WHERE i.inhrelid = c.oid ORDER BY 1)::text
            {_IN_CLASS} AND c.relkind IN ('r', 'p', 'f', 'c')""",
        f"""SELECT n.nspname, c.relname, row_number() OVER (PARTITION BY c.oid ORDER BY a.attnum), a.attname,
              format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity::text, a.attgenerated::text,
              pg_get_expr(d.adbin, d.adrelid), a.attoptions::text,
              CASE WHEN a.attcollation <> 0 THEN a.attcollation::regcollation::text END
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
              LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
            WHERE {_OURS} AND {_own("pg_class", "c")} AND c.relkind IN ('r', 'p', 'f', 'c')
              AND a.attnum > 0 AND NOT a.attisdropped""",
    ),
    "constraints and indexes": (
        f"""SELECT n.nspname, o.conrelid::regclass::text, o.contypid::regtype::text, o.conname,
              pg_get_constraintdef(o.oid), o.convalidated
            FROM pg_constraint o JOIN pg_namespace n ON n.oid = o.connamespace
            WHERE {_OURS} AND {_own("pg_constraint", "o")}""",
        f"""SELECT n.nspname, c.relname, pg_get_indexdef(c.oid), i.indisvalid, i.indisclustered, i.indisreplident
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_index i ON i.indexrelid = c.oid
            WHERE {_OURS}""",
    ),
    "views": (
        f"""SELECT n.nspname, c.relname, c.relkind::text, c.reloptions::text, pg_get_viewdef(c.oid)
            {_IN_CLASS} AND c.relkind IN ('v', 'm')""",
    ),
    "functions": (
        f"""SELECT n.nspname, p.proname, pg_get_function_identity_arguments(p.oid),
              CASE WHEN p.prokind <> 'a' THEN pg_get_functiondef(p.oid) ELSE (SELECT g::text FROM (
                SELECT a.aggtransfn::text, a.aggfinalfn::text, a.aggcombinefn::text, a.agginitval
                FROM pg_aggregate a WHERE a.aggfnoid = p.oid) g) END
            FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE {_OURS} AND {_own("pg_proc", "p")}""",
    ),
    "types": (
        f"""SELECT n.nspname, t.typname, t.typtype::text, t.typnotnull, t.typdefault,
              CASE WHEN t.typtype = 'd' THEN format_type(t.typbasetype, t.typtypmod) END,
              ARRAY(SELECT e.enumlabel FROM pg_enum e WHERE e.enumtypid = t.oid ORDER BY e.enumsortorder)::text
            FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
            WHERE {_OURS} AND {_own("pg_type", "t")} AND t.typtype IN ('d', 'e', 'r', 'm')""",
    ),
    "triggers, rules and policies": (
        "SELECT t.tgrelid::regclass::text, pg_get_triggerdef(t.oid), t.tgenabled::text FROM pg_trigger t "
        "WHERE NOT t.tgisinternal",
        f"""SELECT c.oid::regclass::text, r.rulename, pg_get_ruledef(r.oid), r.ev_enabled::text FROM pg_rewrite r
            JOIN pg_class c ON c.oid = r.ev_class JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE {_OURS} AND r.rulename <> '_RETURN' AND {_own("pg_class", "c")}""",
        """SELECT p.polrelid::regclass::text, p.polname, p.polcmd::text, p.polpermissive,
              ARRAY(SELECT pg_get_userbyid(each) FROM unnest(p.polroles) each ORDER BY 1)::text,
              pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid) FROM pg_policy p""",
    ),
    "sequences": (
        f"""SELECT n.nspname, c.relname, s.seqtypid::regtype::text, s.seqstart, s.seqincrement, s.seqmax, s.seqmin,
              s.seqcache, s.seqcycle,
              ARRAY(SELECT d.refobjid::regclass::text || ' ' || d.refobjsubid FROM pg_depend d WHERE d.objid = c.oid
                AND d.classid = 'pg_catalog.pg_class'::regclass AND d.deptype IN ('a', 'i') AND d.refobjsubid > 0)::text
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_sequence s ON s.seqrelid = c.oid
            WHERE {_OURS}""",
    ),
    "extensions": (
        "SELECT x.extname, x.extversion, n.nspname FROM pg_extension x JOIN pg_namespace n ON n.oid = x.extnamespace",
    ),
    "comments, settings and other objects": (
        """SELECT (pg_identify_object(d.classoid, d.objoid, d.objsubid)).identity, d.description
            FROM pg_description d WHERE d.objoid >= 16384 AND NOT EXISTS (SELECT FROM pg_depend e
              WHERE e.classid = d.classoid AND e.objid = d.objoid AND e.deptype = 'e')
              AND d.classoid <> 'pg_catalog.pg_extension'::regclass""",
        """SELECT s.setconfig::text, CASE WHEN s.setrole <> 0 THEN pg_get_userbyid(s.setrole) END
            FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase
            WHERE d.datname = current_database()""",
        "SELECT pg_encoding_to_char(encoding), datcollate, datctype FROM pg_database "
        "WHERE datname = current_database()",
        _identity("pg_operator", "operator"),
        _identity("pg_collation", "collation"),
        _identity("pg_ts_config", "text search configuration"),
        _identity("pg_ts_dict", "text search dictionary"),
        _identity("pg_publication", "publication"),
        _identity("pg_foreign_server", "foreign server"),
        _identity("pg_event_trigger", "event trigger"),
        _identity("pg_statistic_ext", "statistics"),
        _identity("pg_cast", "cast"),
        _identity("pg_language", "language"),
    ),
    GRANTS: (
        f"SELECT n.nspname, pg_get_userbyid(n.nspowner), {_ACL.format('n.nspacl')} FROM pg_namespace n WHERE {_OURS}",
        f"""SELECT n.nspname, c.relname, pg_get_userbyid(c.relowner), {_ACL.format("c.relacl")}
            {_IN_CLASS} AND c.relkind IN ('r', 'p', 'f', 'v', 'm', 'S')""",
        f"""SELECT n.nspname, c.relname, a.attname, {_ACL.format("a.attacl")}
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
            WHERE {_OURS} AND {_own("pg_class", "c")} AND a.attacl IS NOT NULL""",
        f"""SELECT n.nspname, p.proname, pg_get_function_identity_arguments(p.oid), pg_get_userbyid(p.proowner),
              {_ACL.format("p.proacl")}
            FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE {_OURS} AND {_own("pg_proc", "p")}""",
        f"""SELECT n.nspname, t.typname, pg_get_userbyid(t.typowner), {_ACL.format("t.typacl")}
            FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
            WHERE {_OURS} AND {_own("pg_type", "t")} AND t.typtype IN ('d', 'e', 'r', 'm')""",
        f"SELECT l.oid::text, pg_get_userbyid(l.lomowner), {_ACL.format('l.lomacl')} FROM pg_largeobject_metadata l",
        f"""SELECT pg_get_userbyid(d.defaclrole), CASE WHEN d.defaclnamespace <> 0
              THEN d.defaclnamespace::regnamespace::text END, d.defaclobjtype::text, {_ACL.format("d.defaclacl")}
            FROM pg_default_acl d""",
    ),
}
"""Aspect -> what tells of it."""

SEQUENCES = """
    SELECT schemaname, sequencename, CASE WHEN last_value IS NULL THEN 0
      ELSE (last_value - start_value) / increment_by + 1 END
    FROM pg_sequences WHERE schemaname NOT IN ('pg_catalog', 'information_schema') AND schemaname !~ '^pg_temp'"""
"""How often each sequence was called: whichever way it counts, more calls are further on."""


def read(link: Any, database: str, digest: Digest) -> None:
    """Add the aspects of the database that a session is in. The session's own user is told by no name: it is the
    master user, whatever an instance calls it."""
    (user,) = link.execute("SELECT current_user").fetchone()
    for aspect, queries in ASPECTS.items():
        name = f"{database}: {aspect}"
        digest.aspect(name)
        for number, query in enumerate(queries):
            for row in link.execute(query):
                facts = [_nameless(value, user) for value in row]
                digest.aspect(name, json.dumps([number, *facts], default=str).encode())
    for schema, sequence, calls in link.execute(SEQUENCES):
        digest.position(f"{database}: sequence {schema}.{sequence}", int(calls))


def _nameless(value: Any, user: str) -> Any:
    if not isinstance(value, str):
        return value
    quoted = value.replace(f'\\"{user}\\"', "(user)").replace(f'"{user}"', "(user)")
    return "(user)" if value == user else _bare(quoted, user)


def _bare(text: str, user: str) -> str:
    """The user's name where grants have it without quotes."""
    return text.replace(f"{user}=", "(user)=").replace(f"/{user}", "/(user)")
