"""The review desk: its list, counters and search keys, and what officers have in hand.

The derived tables are filled by ``flask init`` afterwards: they are made of sealed answers.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

from lib.database import append_only_statements

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def _by_code_points(length):
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")



def _add_filled(table, name, kind, value):
    """A column that is never NULL, on a table that has rows."""
    op.add_column(table, sa.Column(name, kind, nullable=True))
    rows = sa.table(table, sa.column(name))
    op.execute(rows.update().values({name: value}))
    with op.batch_alter_table(table) as batch:
        batch.alter_column(name, existing_type=kind, nullable=False)


def upgrade() -> None:
    op.create_table('employer',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(length=100), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_employer')),
    sa.UniqueConstraint('name', name=op.f('uq_employer_name'))
    )
    op.create_table('employer_suffix',
    sa.Column('suffix', _by_code_points(100), nullable=False),
    sa.Column('employer_id', sa.Integer(), autoincrement=False, nullable=False),
    sa.PrimaryKeyConstraint('suffix', 'employer_id', name=op.f('pk_employer_suffix')),
    sqlite_with_rowid=False
    )
    op.create_table('queue_count',
    sa.Column('department_id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('status', sa.String(length=20), nullable=False),
    sa.Column('due_on', sa.Date(), nullable=False),
    sa.Column('again', sa.Boolean(), nullable=False),
    sa.Column('flagged', sa.Boolean(), nullable=False),
    sa.Column('n', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('department_id', 'status', 'due_on', 'again', 'flagged', name=op.f('pk_queue_count'))
    )
    op.create_table('search_key',
    sa.Column('department_id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('key', _by_code_points(52), nullable=False),
    sa.Column('declaration_id', sa.Integer(), autoincrement=False, nullable=False),
    sa.PrimaryKeyConstraint('department_id', 'key', 'declaration_id', name=op.f('pk_search_key')),
    sqlite_with_rowid=False
    )
    op.create_index(op.f('ix_search_key_declaration_id'), 'search_key', ['declaration_id'], unique=False)

    op.create_table('saved_view',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('staff_id', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(length=20), nullable=False),
    sa.Column('query', sa.String(length=300), nullable=False),
    sa.ForeignKeyConstraint(['staff_id'], ['staff.id'], name=op.f('fk_saved_view_staff_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_saved_view')),
    sa.UniqueConstraint('staff_id', 'name', name=op.f('uq_saved_view_staff_id_name'))
    )
    op.create_table('internal_note',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('uid', sa.String(length=24), nullable=False),
    sa.Column('declaration_id', sa.Integer(), nullable=False),
    sa.Column('staff_id', sa.Integer(), nullable=False),
    sa.Column('text_sealed', sa.LargeBinary(), nullable=False),
    sa.Column('at', sa.DateTime(), nullable=False),
    sa.ForeignKeyConstraint(['declaration_id'], ['declaration.id'], name=op.f('fk_internal_note_declaration_id')),
    sa.ForeignKeyConstraint(['staff_id'], ['staff.id'], name=op.f('fk_internal_note_staff_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_internal_note')),
    sa.UniqueConstraint('uid', name=op.f('uq_internal_note_uid'))
    )
    op.create_index(op.f('ix_internal_note_declaration_id'), 'internal_note', ['declaration_id'], unique=False)

    for statement in append_only_statements('internal_note', op.get_bind().dialect.name):
        op.execute(statement)
    op.create_table('picture_hash',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('account_id', sa.Integer(), nullable=False),
    sa.Column('declaration_id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=30), nullable=False),
    sa.Column('look', sa.BigInteger(), nullable=False),
    sa.Column('band0', sa.Integer(), nullable=False),
    sa.Column('band1', sa.Integer(), nullable=False),
    sa.Column('band2', sa.Integer(), nullable=False),
    sa.Column('band3', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['declaration_id'], ['declaration.id'], name=op.f('fk_picture_hash_declaration_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_picture_hash')),
    sa.UniqueConstraint('account_id', 'kind', 'look', name=op.f('uq_picture_hash_account_id_kind_look'))
    )
    op.create_index('ix_picture_hash_band0', 'picture_hash', ['band0'], unique=False)
    op.create_index('ix_picture_hash_band1', 'picture_hash', ['band1'], unique=False)
    op.create_index('ix_picture_hash_band2', 'picture_hash', ['band2'], unique=False)
    op.create_index('ix_picture_hash_band3', 'picture_hash', ['band3'], unique=False)
    op.create_index(op.f('ix_picture_hash_declaration_id'), 'picture_hash', ['declaration_id'], unique=False)

    op.create_table('queue_item',
    sa.Column('declaration_id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('uid', sa.String(length=24), nullable=False),
    sa.Column('number', sa.String(length=16), nullable=False),
    sa.Column('account_id', sa.Integer(), nullable=False),
    sa.Column('department_id', sa.Integer(), nullable=False),
    sa.Column('city_id', sa.Integer(), nullable=True),
    sa.Column('status', sa.String(length=20), nullable=False),
    sa.Column('kind', sa.String(length=20), nullable=False),
    sa.Column('due_on', sa.Date(), nullable=False),
    sa.Column('due_estimated', sa.Boolean(), nullable=False),
    sa.Column('times', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(length=50), nullable=False),
    sa.Column('employer', sa.String(length=100), nullable=False),
    sa.Column('employer_id', sa.Integer(), nullable=True),
    sa.Column('masked_number', sa.String(length=40), nullable=False),
    sa.Column('submitted_at', sa.DateTime(), nullable=False),
    sa.Column('reminders', sa.Integer(), nullable=False),
    sa.Column('returned_by', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['declaration_id'], ['declaration.id'], name=op.f('fk_queue_item_declaration_id')),
    sa.ForeignKeyConstraint(['department_id'], ['department.id'], name=op.f('fk_queue_item_department_id')),
    sa.PrimaryKeyConstraint('declaration_id', name=op.f('pk_queue_item'))
    )
    op.create_index(op.f('ix_queue_item_account_id'), 'queue_item', ['account_id'], unique=False)
    op.create_index('ix_queue_item_city', 'queue_item', ['city_id', 'status', 'due_on', 'declaration_id'], unique=False)
    op.create_index(op.f('ix_queue_item_employer_id'), 'queue_item', ['employer_id'], unique=False)
    op.create_index('ix_queue_item_office', 'queue_item', ['department_id', 'status', 'due_on', 'declaration_id'], unique=False)
    op.create_index('ix_queue_item_province', 'queue_item', ['status', 'due_on', 'declaration_id'], unique=False)
    op.create_index(op.f('ix_queue_item_returned_by'), 'queue_item', ['returned_by'], unique=False)

    op.create_table('tick',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('declaration_id', sa.Integer(), nullable=False),
    sa.Column('target', sa.String(length=40), nullable=False),
    sa.Column('digest', sa.LargeBinary(length=32), nullable=False),
    sa.Column('staff_id', sa.Integer(), nullable=False),
    sa.Column('at', sa.DateTime(), nullable=False),
    sa.ForeignKeyConstraint(['declaration_id'], ['declaration.id'], name=op.f('fk_tick_declaration_id')),
    sa.ForeignKeyConstraint(['staff_id'], ['staff.id'], name=op.f('fk_tick_staff_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_tick')),
    sa.UniqueConstraint('declaration_id', 'target', name=op.f('uq_tick_declaration_id_target'))
    )
    op.create_table('transfer',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('declaration_id', sa.Integer(), nullable=False),
    sa.Column('from_department_id', sa.Integer(), nullable=False),
    sa.Column('to_department_id', sa.Integer(), nullable=False),
    sa.Column('reason', sa.String(length=200), nullable=False),
    sa.Column('staff_id', sa.Integer(), nullable=False),
    sa.Column('at', sa.DateTime(), nullable=False),
    sa.Column('accepted', sa.Boolean(), nullable=True),
    sa.Column('answer', sa.String(length=200), nullable=False),
    sa.Column('answered_by', sa.Integer(), nullable=True),
    sa.Column('answered_at', sa.DateTime(), nullable=True),
    sa.CheckConstraint('(answered_at IS NULL) = (accepted IS NULL)', name=op.f('ck_transfer_answered_or_not')),
    sa.ForeignKeyConstraint(['answered_by'], ['staff.id'], name=op.f('fk_transfer_answered_by')),
    sa.ForeignKeyConstraint(['declaration_id'], ['declaration.id'], name=op.f('fk_transfer_declaration_id')),
    sa.ForeignKeyConstraint(['from_department_id'], ['department.id'], name=op.f('fk_transfer_from_department_id')),
    sa.ForeignKeyConstraint(['staff_id'], ['staff.id'], name=op.f('fk_transfer_staff_id')),
    sa.ForeignKeyConstraint(['to_department_id'], ['department.id'], name=op.f('fk_transfer_to_department_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_transfer'))
    )
    op.create_index(op.f('ix_transfer_declaration_id'), 'transfer', ['declaration_id'], unique=False)
    op.create_index(op.f('ix_transfer_from_department_id'), 'transfer', ['from_department_id'], unique=False)
    op.create_index('ix_transfer_to', 'transfer', ['to_department_id', 'answered_at'], unique=False)
    op.create_index('uq_transfer_waiting', 'transfer', ['declaration_id'], unique=True, sqlite_where=sa.text('answered_at IS NULL'), postgresql_where=sa.text('answered_at IS NULL'))

    op.create_table('second_look',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('declaration_id', sa.Integer(), nullable=False),
    sa.Column('revision_id', sa.Integer(), nullable=False),
    sa.Column('verb', sa.String(length=20), nullable=False),
    sa.Column('id_checked', sa.Boolean(), nullable=False),
    sa.Column('staff_id', sa.Integer(), nullable=False),
    sa.Column('at', sa.DateTime(), nullable=False),
    sa.Column('agreed', sa.Boolean(), nullable=True),
    sa.Column('comment', sa.String(length=200), nullable=False),
    sa.Column('answered_by', sa.Integer(), nullable=True),
    sa.Column('answered_at', sa.DateTime(), nullable=True),
    sa.CheckConstraint('(answered_at IS NULL) = (agreed IS NULL)', name=op.f('ck_second_look_answered_or_not')),
    sa.ForeignKeyConstraint(['answered_by'], ['staff.id'], name=op.f('fk_second_look_answered_by')),
    sa.ForeignKeyConstraint(['declaration_id'], ['declaration.id'], name=op.f('fk_second_look_declaration_id')),
    sa.ForeignKeyConstraint(['revision_id'], ['revision.id'], name=op.f('fk_second_look_revision_id')),
    sa.ForeignKeyConstraint(['staff_id'], ['staff.id'], name=op.f('fk_second_look_staff_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_second_look'))
    )
    op.create_index(op.f('ix_second_look_declaration_id'), 'second_look', ['declaration_id'], unique=False)
    op.create_index('uq_second_look_waiting', 'second_look', ['declaration_id'], unique=True, sqlite_where=sa.text('answered_at IS NULL'), postgresql_where=sa.text('answered_at IS NULL'))

    op.create_table('review_measure',
    sa.Column('decision_id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('staff_id', sa.Integer(), nullable=False),
    sa.Column('department_id', sa.Integer(), nullable=False),
    sa.Column('seconds', sa.Integer(), nullable=False),
    sa.Column('keys', sa.Integer(), nullable=True),
    sa.Column('clicks', sa.Integer(), nullable=True),
    sa.Column('at', sa.DateTime(), nullable=False),
    sa.ForeignKeyConstraint(['decision_id'], ['decision.id'], name=op.f('fk_review_measure_decision_id')),
    sa.ForeignKeyConstraint(['department_id'], ['department.id'], name=op.f('fk_review_measure_department_id')),
    sa.ForeignKeyConstraint(['staff_id'], ['staff.id'], name=op.f('fk_review_measure_staff_id')),
    sa.PrimaryKeyConstraint('decision_id', name=op.f('pk_review_measure'))
    )
    op.create_index(op.f('ix_review_measure_department_id'), 'review_measure', ['department_id'], unique=False)
    op.create_index('ix_review_measure_staff_at', 'review_measure', ['staff_id', 'at'], unique=False)

    op.add_column('claim', sa.Column('opened_at', sa.DateTime(), nullable=True))

    op.add_column('decision', sa.Column('reason_code', sa.String(length=30), nullable=True))
    op.add_column('decision', sa.Column('reason', sa.String(length=200), nullable=True))
    op.add_column('decision', sa.Column('comment', sa.String(length=200), nullable=True))
    op.add_column('decision', sa.Column('name_before', sa.String(length=50), nullable=True))
    op.add_column('decision', sa.Column('assured_before', sa.Boolean(), nullable=True))
    op.create_index('ix_decision_staff_at', 'decision', ['staff_id', 'at'], unique=False)

    op.add_column('inbox_message', sa.Column('visible_at', sa.DateTime(), nullable=True))
    op.add_column('inbox_message', sa.Column('declaration_id', sa.Integer(), nullable=True))
    op.create_index(op.f('ix_inbox_message_declaration_id'), 'inbox_message', ['declaration_id'], unique=False)

    op.add_column('paper_page', sa.Column('measures', sa.JSON(none_as_null=True), nullable=True))

    op.add_column('record', sa.Column('declaration_id', sa.Integer(), nullable=True))
    op.add_column('record', sa.Column('city_id', sa.Integer(), nullable=True))
    _add_filled('record', 'name', sa.String(50), '')
    _add_filled('record', 'employer', sa.String(100), '')
    _add_filled('record', 'masked_number', sa.String(40), '')
    op.drop_index(op.f('ix_record_department_id'), table_name='record')
    op.create_index('ix_record_city', 'record', ['city_id', 'approved_at', 'id'], unique=False)
    op.create_index(op.f('ix_record_declaration_id'), 'record', ['declaration_id'], unique=False)
    op.create_index('ix_record_office', 'record', ['department_id', 'approved_at', 'id'], unique=False)
    op.create_index('ix_record_province', 'record', ['approved_at', 'id'], unique=False)

    op.add_column('return_reason', sa.Column('department_id', sa.Integer(), nullable=True))
    _add_filled('return_reason', 'uses', sa.Integer(), 0)
    op.create_index(op.f('ix_return_reason_department_id'), 'return_reason', ['department_id'], unique=False)



def downgrade() -> None:
    op.drop_index(op.f('ix_return_reason_department_id'), table_name='return_reason')
    op.drop_column('return_reason', 'uses')
    op.drop_column('return_reason', 'department_id')

    op.drop_index('ix_record_province', table_name='record')
    op.drop_index('ix_record_office', table_name='record')
    op.drop_index(op.f('ix_record_declaration_id'), table_name='record')
    op.drop_index('ix_record_city', table_name='record')
    op.create_index(op.f('ix_record_department_id'), 'record', ['department_id'], unique=False)
    op.drop_column('record', 'masked_number')
    op.drop_column('record', 'employer')
    op.drop_column('record', 'name')
    op.drop_column('record', 'city_id')
    op.drop_column('record', 'declaration_id')

    op.drop_column('paper_page', 'measures')

    op.drop_index(op.f('ix_inbox_message_declaration_id'), table_name='inbox_message')
    op.drop_column('inbox_message', 'declaration_id')
    op.drop_column('inbox_message', 'visible_at')

    op.drop_index('ix_decision_staff_at', table_name='decision')
    op.drop_column('decision', 'assured_before')
    op.drop_column('decision', 'name_before')
    op.drop_column('decision', 'comment')
    op.drop_column('decision', 'reason')
    op.drop_column('decision', 'reason_code')

    op.drop_column('claim', 'opened_at')

    op.drop_index('ix_review_measure_staff_at', table_name='review_measure')
    op.drop_index(op.f('ix_review_measure_department_id'), table_name='review_measure')

    op.drop_table('review_measure')
    op.drop_index('uq_second_look_waiting', table_name='second_look')
    op.drop_index(op.f('ix_second_look_declaration_id'), table_name='second_look')

    op.drop_table('second_look')
    op.drop_index('uq_transfer_waiting', table_name='transfer')
    op.drop_index('ix_transfer_to', table_name='transfer')
    op.drop_index(op.f('ix_transfer_from_department_id'), table_name='transfer')
    op.drop_index(op.f('ix_transfer_declaration_id'), table_name='transfer')

    op.drop_table('transfer')
    op.drop_table('tick')
    op.drop_index(op.f('ix_queue_item_returned_by'), table_name='queue_item')
    op.drop_index('ix_queue_item_province', table_name='queue_item')
    op.drop_index('ix_queue_item_office', table_name='queue_item')
    op.drop_index(op.f('ix_queue_item_employer_id'), table_name='queue_item')
    op.drop_index('ix_queue_item_city', table_name='queue_item')
    op.drop_index(op.f('ix_queue_item_account_id'), table_name='queue_item')

    op.drop_table('queue_item')
    op.drop_index(op.f('ix_picture_hash_declaration_id'), table_name='picture_hash')
    op.drop_index('ix_picture_hash_band3', table_name='picture_hash')
    op.drop_index('ix_picture_hash_band2', table_name='picture_hash')
    op.drop_index('ix_picture_hash_band1', table_name='picture_hash')
    op.drop_index('ix_picture_hash_band0', table_name='picture_hash')

    op.drop_table('picture_hash')
    op.drop_index(op.f('ix_internal_note_declaration_id'), table_name='internal_note')

    op.drop_table('internal_note')
    if op.get_bind().dialect.name == 'postgresql':
        op.execute('DROP FUNCTION internal_note_only_added()')
    op.drop_table('saved_view')
    op.drop_index(op.f('ix_search_key_declaration_id'), table_name='search_key')

    op.drop_table('search_key')
    op.drop_table('queue_count')
    op.drop_table('employer_suffix')
    op.drop_table('employer')
