"""DuckDB alone does what a ``pretrain`` build to Parquet does: the packs' lines, the same filter, exact dedup, order, columns.

    bench/duckdb_alone.py PACKS OUT [MEMORY_LIMIT]

It reads all frames of a pack, several packs at a time, in one pass over the lines; the statement is the quickest of three that were tried
and gave the same rows. Its own settings throughout, but for a limit that is given.
"""

from __future__ import annotations

import sys

ALONE = """
COPY (
    WITH read AS MATERIALIZED (
        SELECT header, key, id, body."from" AS reverted,
            concat_ws(chr(10) || chr(10), nullif(trim(body.message, ' ' || chr(9) || chr(10) || chr(13)), ''), body.diff) AS text
        FROM read_json('{packs}/*.jsonl.zst', format = 'newline_delimited', columns = {{
            header: 'STRUCT({header})', key: 'VARCHAR', id: 'VARCHAR',
            body: 'STRUCT(message VARCHAR, diff VARCHAR, parents VARCHAR[], kind VARCHAR, "from" VARCHAR)'}})
        WHERE (header.tuple_type = 'edit' AND header.evidence_class = 'accepted' AND len(body.parents) < 2 AND trim(body.diff) <> '')
            OR (header.tuple_type = 'link' AND body.kind = 'reverted_by')
    ), rows AS (
        SELECT header, key, id, text, replace(header.created, 'Z', '.000Z') AS created FROM read
        WHERE header.tuple_type = 'edit' AND key NOT IN (SELECT reverted FROM read WHERE header.tuple_type = 'link')
    )
    SELECT key AS id, text, header.tenant || '/' || header.cluster || '/' || header."moduleId" AS source, created AS added, created,
        struct_pack(key := key, id := id, {told}, created := created) AS metadata
    FROM rows
    QUALIFY row_number() OVER (PARTITION BY text ORDER BY header.created, key) = 1
    ORDER BY created, key
) TO '{out}' (FORMAT parquet, COMPRESSION zstd)
"""
TOLD = (
    "tuple_type", "tenant", "moduleId", "cluster", "role", "scope", "evidence_class", "redaction_class", "doctrine_version",
    "source_commit", "session_id",
)  # fmt: skip


def main(packs: str, out: str, memory_limit: str | None = None) -> None:
    import duckdb

    header = ", ".join(f'"{name}" VARCHAR' for name in (*TOLD, "created"))
    told = ", ".join(f'"{name}" := coalesce(header."{name}", \'\')' for name in TOLD)
    with duckdb.connect() as connection:
        if memory_limit:
            connection.execute(f"SET memory_limit = '{memory_limit}'; SET temp_directory = '{out}.tmp'")
        connection.execute(ALONE.format(packs=packs, out=out, header=header, told=told))


if __name__ == "__main__":
    main(*sys.argv[1:])
