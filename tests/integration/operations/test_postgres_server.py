"""The test suite's own PostgreSQL server: what the other tests marked ``postgres`` rely on."""

import pytest
from sqlalchemy import create_engine, text

pytestmark = pytest.mark.postgres


def test_it_keeps_rare_names_and_says_utc(postgres_url):
    engine = create_engine(postgres_url)
    with engine.connect() as connection:
        name = connection.scalar(text("SELECT CAST(:name AS text)"), {"name": "张䶮 㛃晨 李𬭎 阿卜杜拉·买买提"})
        assert name == "张䶮 㛃晨 李𬭎 阿卜杜拉·买买提"
        assert connection.scalar(text("SHOW timezone")) == "UTC"
    engine.dispose()


@pytest.mark.parametrize("attempt", ["first", "second"])
def test_a_database_of_ones_own_is_empty(postgres_database, attempt):
    engine = create_engine(postgres_database)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE left_behind (attempt text)"))
        connection.execute(text("INSERT INTO left_behind VALUES (:attempt)"), {"attempt": attempt})
        assert connection.scalar(text("SELECT count(*) FROM left_behind")) == 1
    engine.dispose()
