"""First schema

Revision ID: 0001
Revises: 
"""

import sqlalchemy as sa
from alembic import op

from lib.database import append_only_statements

revision = '0001'
down_revision = None
branch_labels = None
depends_on = None

ONLY_ADDED = ("event", "decision", "revision")


def upgrade() -> None:
    op.create_table('attempt',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=20), nullable=False),
    sa.Column('subject', sa.LargeBinary(length=32), nullable=False),
    sa.Column('at', sa.DateTime(), nullable=False),
    sa.Column('failed', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_attempt'))
    )
    with op.batch_alter_table('attempt', schema=None) as batch_op:
        batch_op.create_index('ix_attempt_lookup', ['kind', 'subject', 'at'], unique=False)

    op.create_table('calendar_day',
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('kind', sa.String(length=10), nullable=False),
    sa.Column('source', sa.String(length=60), nullable=False),
    sa.PrimaryKeyConstraint('day', name=op.f('pk_calendar_day'))
    )
    op.create_table('counter',
    sa.Column('name', sa.String(length=30), nullable=False),
    sa.Column('value', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_counter'))
    )
    op.create_table('department',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('code', sa.String(length=12), nullable=False),
    sa.Column('name', sa.String(length=60), nullable=False),
    sa.Column('kind', sa.String(length=20), nullable=False),
    sa.Column('parent_id', sa.Integer(), nullable=True),
    sa.Column('path', sa.String(length=60), nullable=False),
    sa.Column('own_system', sa.Boolean(), nullable=False),
    sa.Column('phone', sa.String(length=60), nullable=False),
    sa.Column('address', sa.String(length=100), nullable=False),
    sa.Column('hours', sa.String(length=60), nullable=False),
    sa.Column('verified_on', sa.Date(), nullable=True),
    sa.Column('active', sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(['parent_id'], ['department.id'], name=op.f('fk_department_parent_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_department')),
    sa.UniqueConstraint('code', name=op.f('uq_department_code'))
    )
    with op.batch_alter_table('department', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_department_parent_id'), ['parent_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_department_path'), ['path'], unique=False)

    op.create_table('division',
    sa.Column('code', sa.String(length=9), nullable=False),
    sa.Column('name', sa.String(length=50), nullable=False),
    sa.Column('level', sa.String(length=10), nullable=False),
    sa.Column('parent_code', sa.String(length=9), nullable=True),
    sa.ForeignKeyConstraint(['parent_code'], ['division.code'], name=op.f('fk_division_parent_code')),
    sa.PrimaryKeyConstraint('code', name=op.f('pk_division'))
    )
    with op.batch_alter_table('division', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_division_parent_code'), ['parent_code'], unique=False)

    op.create_table('notice',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('title', sa.String(length=100), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.Column('published_at', sa.DateTime(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_notice'))
    )
    with op.batch_alter_table('notice', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_notice_published_at'), ['published_at'], unique=False)

    op.create_table('option',
    sa.Column('list_name', sa.String(length=30), nullable=False),
    sa.Column('code', sa.String(length=20), nullable=False),
    sa.Column('title', sa.String(length=60), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('locked', sa.Boolean(), nullable=False),
    sa.Column('retired', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('list_name', 'code', name=op.f('pk_option'))
    )
    op.create_table('return_reason',
    sa.Column('code', sa.String(length=30), nullable=False),
    sa.Column('applies_to', sa.String(length=10), nullable=False),
    sa.Column('title', sa.String(length=60), nullable=False),
    sa.Column('advice', sa.String(length=200), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('retired', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('code', name=op.f('pk_return_reason'))
    )
    op.create_table('department_division',
    sa.Column('department_id', sa.Integer(), nullable=False),
    sa.Column('division_code', sa.String(length=9), nullable=False),
    sa.ForeignKeyConstraint(['department_id'], ['department.id'], name=op.f('fk_department_division_department_id')),
    sa.ForeignKeyConstraint(['division_code'], ['division.code'], name=op.f('fk_department_division_division_code')),
    sa.PrimaryKeyConstraint('department_id', 'division_code', name=op.f('pk_department_division'))
    )
    with op.batch_alter_table('department_division', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_department_division_division_code'), ['division_code'], unique=False)

    op.create_table('legacy_holder',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('uid', sa.String(length=24), nullable=False),
    sa.Column('batch', sa.String(length=24), nullable=False),
    sa.Column('name', sa.String(length=50), nullable=False),
    sa.Column('id_number_sealed', sa.LargeBinary(), nullable=False),
    sa.Column('id_index', sa.LargeBinary(length=32), nullable=False),
    sa.Column('archive_no', sa.String(length=40), nullable=True),
    sa.Column('certificate_no', sa.String(length=40), nullable=True),
    sa.Column('issued_month', sa.String(length=7), nullable=True),
    sa.Column('issuer', sa.String(length=60), nullable=True),
    sa.Column('employer', sa.String(length=100), nullable=True),
    sa.Column('phone_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('division_code', sa.String(length=9), nullable=True),
    sa.Column('claimed_at', sa.DateTime(), nullable=True),
    sa.ForeignKeyConstraint(['division_code'], ['division.code'], name=op.f('fk_legacy_holder_division_code')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_legacy_holder')),
    sa.UniqueConstraint('id_index', name=op.f('uq_legacy_holder_id_index')),
    sa.UniqueConstraint('uid', name=op.f('uq_legacy_holder_uid'))
    )
    with op.batch_alter_table('legacy_holder', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_legacy_holder_batch'), ['batch'], unique=False)

    op.create_table('staff',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('uid', sa.String(length=24), nullable=False),
    sa.Column('username', sa.String(length=40), nullable=False),
    sa.Column('name', sa.String(length=50), nullable=False),
    sa.Column('role', sa.String(length=20), nullable=False),
    sa.Column('department_id', sa.Integer(), nullable=False),
    sa.Column('password_hash', sa.String(length=200), nullable=False),
    sa.Column('totp_secret_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('totp_last_step', sa.Integer(), nullable=False),
    sa.Column('id_index', sa.LargeBinary(length=32), nullable=True),
    sa.Column('active', sa.Boolean(), nullable=False),
    sa.Column('keys_on', sa.Boolean(), nullable=False),
    sa.Column('created_at', sa.DateTime(), nullable=False),
    sa.ForeignKeyConstraint(['department_id'], ['department.id'], name=op.f('fk_staff_department_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_staff')),
    sa.UniqueConstraint('uid', name=op.f('uq_staff_uid')),
    sa.UniqueConstraint('username', name=op.f('uq_staff_username'))
    )
    with op.batch_alter_table('staff', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_staff_department_id'), ['department_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_staff_id_index'), ['id_index'], unique=False)

    op.create_table('account',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('uid', sa.String(length=24), nullable=False),
    sa.Column('state', sa.String(length=20), nullable=False),
    sa.Column('id_type', sa.String(length=20), nullable=False),
    sa.Column('id_number_sealed', sa.LargeBinary(), nullable=False),
    sa.Column('id_index', sa.LargeBinary(length=32), nullable=False),
    sa.Column('name', sa.String(length=50), nullable=False),
    sa.Column('phone_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('phone_index', sa.LargeBinary(length=32), nullable=True),
    sa.Column('email_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('password_hash', sa.String(length=200), nullable=True),
    sa.Column('reserved_until', sa.DateTime(), nullable=True),
    sa.Column('reservation_hash', sa.LargeBinary(length=32), nullable=True),
    sa.Column('legacy_id', sa.Integer(), nullable=True),
    sa.Column('claim_factor', sa.String(length=20), nullable=True),
    sa.Column('assured', sa.Boolean(), nullable=False),
    sa.Column('privacy_version', sa.String(length=10), nullable=False),
    sa.Column('created_at', sa.DateTime(), nullable=False),
    sa.Column('password_changed_at', sa.DateTime(), nullable=True),
    sa.CheckConstraint("state <> 'reserved' OR reserved_until IS NOT NULL", name=op.f('ck_account_reservation_ends')),
    sa.CheckConstraint("state = 'reserved' OR password_hash IS NOT NULL", name=op.f('ck_account_active_has_password')),
    sa.ForeignKeyConstraint(['legacy_id'], ['legacy_holder.id'], name=op.f('fk_account_legacy_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_account')),
    sa.UniqueConstraint('legacy_id', name=op.f('uq_account_legacy_id')),
    sa.UniqueConstraint('uid', name=op.f('uq_account_uid'))
    )
    with op.batch_alter_table('account', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_account_phone_index'), ['phone_index'], unique=False)
        batch_op.create_index('uq_account_number', ['id_index'], unique=True)

    op.create_table('recovery_code',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('staff_id', sa.Integer(), nullable=False),
    sa.Column('code_hash', sa.LargeBinary(length=32), nullable=False),
    sa.Column('used_at', sa.DateTime(), nullable=True),
    sa.ForeignKeyConstraint(['staff_id'], ['staff.id'], name=op.f('fk_recovery_code_staff_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_recovery_code'))
    )
    with op.batch_alter_table('recovery_code', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_recovery_code_staff_id'), ['staff_id'], unique=False)

    op.create_table('activation_code',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('legacy_id', sa.Integer(), nullable=True),
    sa.Column('account_id', sa.Integer(), nullable=True),
    sa.Column('code_hash', sa.LargeBinary(length=32), nullable=False),
    sa.Column('issued_by', sa.Integer(), nullable=True),
    sa.Column('issued_at', sa.DateTime(), nullable=False),
    sa.Column('expires_at', sa.DateTime(), nullable=False),
    sa.Column('used_at', sa.DateTime(), nullable=True),
    sa.Column('tries', sa.Integer(), nullable=False),
    sa.CheckConstraint('(legacy_id IS NULL) <> (account_id IS NULL)', name=op.f('ck_activation_code_for_one_person')),
    sa.CheckConstraint('tries >= 0 AND tries <= 5', name=op.f('ck_activation_code_five_tries')),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_activation_code_account_id')),
    sa.ForeignKeyConstraint(['issued_by'], ['staff.id'], name=op.f('fk_activation_code_issued_by')),
    sa.ForeignKeyConstraint(['legacy_id'], ['legacy_holder.id'], name=op.f('fk_activation_code_legacy_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_activation_code'))
    )
    with op.batch_alter_table('activation_code', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_activation_code_account_id'), ['account_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_activation_code_legacy_id'), ['legacy_id'], unique=False)

    op.create_table('declaration',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('uid', sa.String(length=24), nullable=False),
    sa.Column('number', sa.String(length=16), nullable=False),
    sa.Column('account_id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=20), nullable=False),
    sa.Column('status', sa.String(length=20), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('revision_number', sa.Integer(), nullable=False),
    sa.Column('department_id', sa.Integer(), nullable=True),
    sa.Column('due_on', sa.Date(), nullable=True),
    sa.Column('due_estimated', sa.Boolean(), nullable=False),
    sa.Column('days_left', sa.Integer(), nullable=True),
    sa.Column('notice_read_at', sa.DateTime(), nullable=True),
    sa.Column('created_at', sa.DateTime(), nullable=False),
    sa.Column('submitted_at', sa.DateTime(), nullable=True),
    sa.Column('decided_at', sa.DateTime(), nullable=True),
    sa.Column('touched_at', sa.DateTime(), nullable=False),
    sa.Column('applicant_name', sa.String(length=50), nullable=True),
    sa.Column('mobile_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('sex', sa.String(length=10), nullable=True),
    sa.Column('birth_date', sa.Date(), nullable=True),
    sa.Column('region', sa.String(length=2), nullable=True),
    sa.Column('nation', sa.String(length=2), nullable=True),
    sa.Column('political_status', sa.String(length=20), nullable=True),
    sa.Column('email', sa.String(length=120), nullable=True),
    sa.Column('postal_address', sa.String(length=100), nullable=True),
    sa.Column('postcode', sa.String(length=6), nullable=True),
    sa.Column('work_started', sa.String(length=7), nullable=True),
    sa.Column('accounting_started', sa.String(length=7), nullable=True),
    sa.Column('holds_legacy_certificate', sa.String(length=3), nullable=True),
    sa.Column('legacy_certificate_no', sa.String(length=40), nullable=True),
    sa.Column('talent', sa.String(length=20), nullable=True),
    sa.Column('has_employer', sa.String(length=3), nullable=True),
    sa.Column('category', sa.String(length=20), nullable=True),
    sa.Column('employer_name', sa.String(length=100), nullable=True),
    sa.Column('employer_code', sa.String(length=18), nullable=True),
    sa.Column('employer_code_confirmed', sa.String(length=3), nullable=True),
    sa.Column('affiliation', sa.String(length=20), nullable=True),
    sa.Column('unit_type', sa.String(length=20), nullable=True),
    sa.Column('industry', sa.String(length=1), nullable=True),
    sa.Column('employer_city', sa.String(length=9), nullable=True),
    sa.Column('employer_county', sa.String(length=9), nullable=True),
    sa.Column('employer_street', sa.String(length=9), nullable=True),
    sa.Column('employer_address', sa.String(length=100), nullable=True),
    sa.Column('employer_phone', sa.String(length=30), nullable=True),
    sa.Column('accounting_posts', sa.JSON(none_as_null=True), nullable=True),
    sa.Column('administrative_post', sa.String(length=20), nullable=True),
    sa.Column('person_status', sa.String(length=20), nullable=True),
    sa.Column('school', sa.String(length=100), nullable=True),
    sa.Column('location_kind', sa.String(length=20), nullable=True),
    sa.Column('home_city', sa.String(length=9), nullable=True),
    sa.Column('home_county', sa.String(length=9), nullable=True),
    sa.Column('home_street', sa.String(length=9), nullable=True),
    sa.Column('home_address', sa.String(length=100), nullable=True),
    sa.Column('department_code', sa.String(length=12), nullable=True),
    sa.Column('full_time_level', sa.String(length=20), nullable=True),
    sa.Column('full_time_degree', sa.String(length=20), nullable=True),
    sa.Column('full_time_school', sa.String(length=100), nullable=True),
    sa.Column('full_time_major', sa.String(length=60), nullable=True),
    sa.Column('full_time_graduated', sa.String(length=7), nullable=True),
    sa.Column('full_time_diploma_no', sa.String(length=40), nullable=True),
    sa.Column('full_time_degree_no', sa.String(length=40), nullable=True),
    sa.Column('has_part_time', sa.String(length=3), nullable=True),
    sa.Column('part_time_level', sa.String(length=20), nullable=True),
    sa.Column('part_time_degree', sa.String(length=20), nullable=True),
    sa.Column('part_time_school', sa.String(length=100), nullable=True),
    sa.Column('part_time_major', sa.String(length=60), nullable=True),
    sa.Column('part_time_graduated', sa.String(length=7), nullable=True),
    sa.Column('part_time_diploma_no', sa.String(length=40), nullable=True),
    sa.Column('part_time_degree_no', sa.String(length=40), nullable=True),
    sa.Column('qualification', sa.String(length=20), nullable=True),
    sa.Column('qualification_kind', sa.String(length=20), nullable=True),
    sa.Column('qualification_route', sa.String(length=20), nullable=True),
    sa.Column('qualification_on', sa.Date(), nullable=True),
    sa.Column('qualification_no', sa.String(length=40), nullable=True),
    sa.Column('technical_post', sa.String(length=20), nullable=True),
    sa.Column('technical_post_on', sa.Date(), nullable=True),
    sa.Column('abacus', sa.String(length=20), nullable=True),
    sa.Column('abacus_no', sa.String(length=40), nullable=True),
    sa.CheckConstraint("status IN ('draft', 'dropped') OR revision_number > 0", name=op.f('ck_declaration_submitted_has_revision')),
    sa.CheckConstraint("status NOT IN ('submitted', 'in_review') OR due_on IS NOT NULL", name=op.f('ck_declaration_office_has_due_date')),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_declaration_account_id')),
    sa.ForeignKeyConstraint(['department_id'], ['department.id'], name=op.f('fk_declaration_department_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_declaration')),
    sa.UniqueConstraint('number', name=op.f('uq_declaration_number')),
    sa.UniqueConstraint('uid', name=op.f('uq_declaration_uid'))
    )
    with op.batch_alter_table('declaration', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_declaration_account_id'), ['account_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_declaration_department_id'), ['department_id'], unique=False)
        batch_op.create_index('ix_declaration_queue', ['status', 'due_on', 'id'], unique=False)
        batch_op.create_index('uq_declaration_one_open', ['account_id'], unique=True, sqlite_where=sa.text("status IN ('draft', 'submitted', 'in_review', 'returned')"), postgresql_where=sa.text("status IN ('draft', 'submitted', 'in_review', 'returned')"))

    op.create_table('inbox_message',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('account_id', sa.Integer(), nullable=False),
    sa.Column('title', sa.String(length=60), nullable=False),
    sa.Column('body', sa.String(length=300), nullable=False),
    sa.Column('link', sa.String(length=100), nullable=False),
    sa.Column('created_at', sa.DateTime(), nullable=False),
    sa.Column('read_at', sa.DateTime(), nullable=True),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_inbox_message_account_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_inbox_message'))
    )
    with op.batch_alter_table('inbox_message', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_inbox_message_account_id'), ['account_id'], unique=False)

    op.create_table('parked_form',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('uid', sa.String(length=24), nullable=False),
    sa.Column('account_id', sa.Integer(), nullable=True),
    sa.Column('staff_id', sa.Integer(), nullable=True),
    sa.Column('path', sa.String(length=200), nullable=False),
    sa.Column('body_sealed', sa.LargeBinary(), nullable=False),
    sa.Column('at', sa.DateTime(), nullable=False),
    sa.CheckConstraint('(account_id IS NULL) <> (staff_id IS NULL)', name=op.f('ck_parked_form_of_one_person')),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_parked_form_account_id')),
    sa.ForeignKeyConstraint(['staff_id'], ['staff.id'], name=op.f('fk_parked_form_staff_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_parked_form')),
    sa.UniqueConstraint('uid', name=op.f('uq_parked_form_uid'))
    )
    with op.batch_alter_table('parked_form', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_parked_form_account_id'), ['account_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_parked_form_staff_id'), ['staff_id'], unique=False)

    op.create_table('web_session',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('token_hash', sa.LargeBinary(length=32), nullable=False),
    sa.Column('account_id', sa.Integer(), nullable=True),
    sa.Column('staff_id', sa.Integer(), nullable=True),
    sa.Column('csrf', sa.String(length=64), nullable=False),
    sa.Column('device', sa.String(length=80), nullable=False),
    sa.Column('created_at', sa.DateTime(), nullable=False),
    sa.Column('seen_at', sa.DateTime(), nullable=False),
    sa.Column('expires_at', sa.DateTime(), nullable=False),
    sa.Column('ended_at', sa.DateTime(), nullable=True),
    sa.CheckConstraint('(account_id IS NULL) <> (staff_id IS NULL)', name=op.f('ck_web_session_of_one_person')),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_web_session_account_id')),
    sa.ForeignKeyConstraint(['staff_id'], ['staff.id'], name=op.f('fk_web_session_staff_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_web_session')),
    sa.UniqueConstraint('token_hash', name=op.f('uq_web_session_token_hash'))
    )
    with op.batch_alter_table('web_session', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_web_session_account_id'), ['account_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_web_session_ended_at'), ['ended_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_web_session_staff_id'), ['staff_id'], unique=False)

    op.create_table('claim',
    sa.Column('declaration_id', sa.Integer(), nullable=False),
    sa.Column('staff_id', sa.Integer(), nullable=False),
    sa.Column('claimed_at', sa.DateTime(), nullable=False),
    sa.Column('expires_at', sa.DateTime(), nullable=False),
    sa.ForeignKeyConstraint(['declaration_id'], ['declaration.id'], name=op.f('fk_claim_declaration_id')),
    sa.ForeignKeyConstraint(['staff_id'], ['staff.id'], name=op.f('fk_claim_staff_id')),
    sa.PrimaryKeyConstraint('declaration_id', name=op.f('pk_claim'))
    )
    with op.batch_alter_table('claim', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_claim_expires_at'), ['expires_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_claim_staff_id'), ['staff_id'], unique=False)

    op.create_table('draft',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('uid', sa.String(length=24), nullable=False),
    sa.Column('declaration_id', sa.Integer(), nullable=False),
    sa.Column('page', sa.String(length=20), nullable=False),
    sa.Column('body_sealed', sa.LargeBinary(), nullable=False),
    sa.Column('saved_at', sa.DateTime(), nullable=False),
    sa.ForeignKeyConstraint(['declaration_id'], ['declaration.id'], name=op.f('fk_draft_declaration_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_draft')),
    sa.UniqueConstraint('declaration_id', 'page', name=op.f('uq_draft_declaration_id_page')),
    sa.UniqueConstraint('uid', name=op.f('uq_draft_uid'))
    )
    op.create_table('event',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('at', sa.DateTime(), nullable=False),
    sa.Column('verb', sa.String(length=30), nullable=False),
    sa.Column('actor', sa.String(length=10), nullable=False),
    sa.Column('account_id', sa.Integer(), nullable=True),
    sa.Column('staff_id', sa.Integer(), nullable=True),
    sa.Column('declaration_id', sa.Integer(), nullable=True),
    sa.Column('revision_number', sa.Integer(), nullable=True),
    sa.Column('from_status', sa.String(length=20), nullable=True),
    sa.Column('to_status', sa.String(length=20), nullable=True),
    sa.Column('detail', sa.String(length=200), nullable=False),
    sa.CheckConstraint("account_id IS NOT NULL OR staff_id IS NOT NULL OR actor = 'system'", name=op.f('ck_event_has_actor')),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_event_account_id')),
    sa.ForeignKeyConstraint(['declaration_id'], ['declaration.id'], name=op.f('fk_event_declaration_id')),
    sa.ForeignKeyConstraint(['staff_id'], ['staff.id'], name=op.f('fk_event_staff_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_event'))
    )
    with op.batch_alter_table('event', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_event_account_id'), ['account_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_event_declaration_id'), ['declaration_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_event_staff_id'), ['staff_id'], unique=False)

    op.create_table('sheet',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('uid', sa.String(length=24), nullable=False),
    sa.Column('declaration_id', sa.Integer(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('code', sa.String(length=16), nullable=False),
    sa.Column('answers_sealed', sa.LargeBinary(), nullable=False),
    sa.Column('photo_address', sa.String(length=64), nullable=False),
    sa.Column('printed_at', sa.DateTime(), nullable=False),
    sa.ForeignKeyConstraint(['declaration_id'], ['declaration.id'], name=op.f('fk_sheet_declaration_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_sheet')),
    sa.UniqueConstraint('code', name=op.f('uq_sheet_code')),
    sa.UniqueConstraint('declaration_id', 'version', name=op.f('uq_sheet_declaration_id_version')),
    sa.UniqueConstraint('uid', name=op.f('uq_sheet_uid'))
    )
    with op.batch_alter_table('sheet', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_sheet_photo_address'), ['photo_address'], unique=False)

    op.create_table('paper_page',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('uid', sa.String(length=24), nullable=False),
    sa.Column('declaration_id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=30), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('address', sa.String(length=64), nullable=False),
    sa.Column('thumb_address', sa.String(length=64), nullable=False),
    sa.Column('source_address', sa.String(length=64), nullable=True),
    sa.Column('crop', sa.JSON(none_as_null=True), nullable=True),
    sa.Column('sha256', sa.String(length=64), nullable=False),
    sa.Column('size', sa.Integer(), nullable=False),
    sa.Column('width', sa.Integer(), nullable=False),
    sa.Column('height', sa.Integer(), nullable=False),
    sa.Column('original_width', sa.Integer(), nullable=False),
    sa.Column('original_height', sa.Integer(), nullable=False),
    sa.Column('original_size', sa.Integer(), nullable=False),
    sa.Column('sheet_id', sa.Integer(), nullable=True),
    sa.Column('uploaded_at', sa.DateTime(), nullable=False),
    sa.ForeignKeyConstraint(['declaration_id'], ['declaration.id'], name=op.f('fk_paper_page_declaration_id')),
    sa.ForeignKeyConstraint(['sheet_id'], ['sheet.id'], name=op.f('fk_paper_page_sheet_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_paper_page')),
    sa.UniqueConstraint('uid', name=op.f('uq_paper_page_uid'))
    )
    with op.batch_alter_table('paper_page', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_paper_page_address'), ['address'], unique=False)
        batch_op.create_index(batch_op.f('ix_paper_page_declaration_id'), ['declaration_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_paper_page_source_address'), ['source_address'], unique=False)
        batch_op.create_index(batch_op.f('ix_paper_page_thumb_address'), ['thumb_address'], unique=False)

    op.create_table('revision',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('uid', sa.String(length=24), nullable=False),
    sa.Column('declaration_id', sa.Integer(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('answers_sealed', sa.LargeBinary(), nullable=False),
    sa.Column('papers', sa.JSON(), nullable=False),
    sa.Column('sheet_id', sa.Integer(), nullable=True),
    sa.Column('department_id', sa.Integer(), nullable=False),
    sa.Column('commitment_version', sa.String(length=10), nullable=False),
    sa.Column('submitted_at', sa.DateTime(), nullable=False),
    sa.ForeignKeyConstraint(['declaration_id'], ['declaration.id'], name=op.f('fk_revision_declaration_id')),
    sa.ForeignKeyConstraint(['department_id'], ['department.id'], name=op.f('fk_revision_department_id')),
    sa.ForeignKeyConstraint(['sheet_id'], ['sheet.id'], name=op.f('fk_revision_sheet_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_revision')),
    sa.UniqueConstraint('declaration_id', 'number', name=op.f('uq_revision_declaration_id_number')),
    sa.UniqueConstraint('uid', name=op.f('uq_revision_uid'))
    )
    op.create_table('decision',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('revision_id', sa.Integer(), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('verb', sa.String(length=20), nullable=False),
    sa.Column('staff_id', sa.Integer(), nullable=False),
    sa.Column('department_id', sa.Integer(), nullable=False),
    sa.Column('id_checked', sa.Boolean(), nullable=False),
    sa.Column('at', sa.DateTime(), nullable=False),
    sa.ForeignKeyConstraint(['department_id'], ['department.id'], name=op.f('fk_decision_department_id')),
    sa.ForeignKeyConstraint(['revision_id'], ['revision.id'], name=op.f('fk_decision_revision_id')),
    sa.ForeignKeyConstraint(['staff_id'], ['staff.id'], name=op.f('fk_decision_staff_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_decision')),
    sa.UniqueConstraint('revision_id', 'position', name=op.f('uq_decision_revision_id_position'))
    )
    op.create_table('mark',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('uid', sa.String(length=24), nullable=False),
    sa.Column('revision_id', sa.Integer(), nullable=False),
    sa.Column('target', sa.String(length=40), nullable=False),
    sa.Column('page', sa.Integer(), nullable=True),
    sa.Column('rectangle', sa.JSON(none_as_null=True), nullable=True),
    sa.Column('reason_code', sa.String(length=30), nullable=True),
    sa.Column('reason', sa.String(length=200), nullable=False),
    sa.Column('comment', sa.String(length=200), nullable=False),
    sa.Column('resign', sa.Boolean(), nullable=False),
    sa.Column('state', sa.String(length=20), nullable=False),
    sa.Column('explanation', sa.String(length=300), nullable=False),
    sa.Column('staff_id', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(), nullable=False),
    sa.CheckConstraint("length(trim(reason)) > 0 OR state = 'draft'", name=op.f('ck_mark_says_why')),
    sa.ForeignKeyConstraint(['reason_code'], ['return_reason.code'], name=op.f('fk_mark_reason_code')),
    sa.ForeignKeyConstraint(['revision_id'], ['revision.id'], name=op.f('fk_mark_revision_id')),
    sa.ForeignKeyConstraint(['staff_id'], ['staff.id'], name=op.f('fk_mark_staff_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_mark')),
    sa.UniqueConstraint('revision_id', 'target', name=op.f('uq_mark_revision_id_target')),
    sa.UniqueConstraint('uid', name=op.f('uq_mark_uid'))
    )
    op.create_table('record',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('uid', sa.String(length=24), nullable=False),
    sa.Column('account_id', sa.Integer(), nullable=False),
    sa.Column('revision_id', sa.Integer(), nullable=False),
    sa.Column('department_id', sa.Integer(), nullable=False),
    sa.Column('approved_at', sa.DateTime(), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_record_account_id')),
    sa.ForeignKeyConstraint(['department_id'], ['department.id'], name=op.f('fk_record_department_id')),
    sa.ForeignKeyConstraint(['revision_id'], ['revision.id'], name=op.f('fk_record_revision_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_record')),
    sa.UniqueConstraint('account_id', name=op.f('uq_record_account_id')),
    sa.UniqueConstraint('revision_id', name=op.f('uq_record_revision_id')),
    sa.UniqueConstraint('uid', name=op.f('uq_record_uid'))
    )
    with op.batch_alter_table('record', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_record_department_id'), ['department_id'], unique=False)
    dialect = op.get_bind().dialect.name
    for table in ONLY_ADDED:
        for statement in append_only_statements(table, dialect):
            op.execute(statement)


def downgrade() -> None:
    dialect = op.get_bind().dialect.name
    with op.batch_alter_table('record', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_record_department_id'))

    op.drop_table('record')
    op.drop_table('mark')
    op.drop_table('decision')
    op.drop_table('revision')
    with op.batch_alter_table('paper_page', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_paper_page_thumb_address'))
        batch_op.drop_index(batch_op.f('ix_paper_page_source_address'))
        batch_op.drop_index(batch_op.f('ix_paper_page_declaration_id'))
        batch_op.drop_index(batch_op.f('ix_paper_page_address'))

    op.drop_table('paper_page')
    with op.batch_alter_table('sheet', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_sheet_photo_address'))

    op.drop_table('sheet')
    with op.batch_alter_table('event', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_event_staff_id'))
        batch_op.drop_index(batch_op.f('ix_event_declaration_id'))
        batch_op.drop_index(batch_op.f('ix_event_account_id'))

    op.drop_table('event')
    op.drop_table('draft')
    with op.batch_alter_table('claim', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_claim_staff_id'))
        batch_op.drop_index(batch_op.f('ix_claim_expires_at'))

    op.drop_table('claim')
    with op.batch_alter_table('web_session', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_web_session_staff_id'))
        batch_op.drop_index(batch_op.f('ix_web_session_ended_at'))
        batch_op.drop_index(batch_op.f('ix_web_session_account_id'))

    op.drop_table('web_session')
    with op.batch_alter_table('parked_form', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_parked_form_staff_id'))
        batch_op.drop_index(batch_op.f('ix_parked_form_account_id'))

    op.drop_table('parked_form')
    with op.batch_alter_table('inbox_message', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_inbox_message_account_id'))

    op.drop_table('inbox_message')
    with op.batch_alter_table('declaration', schema=None) as batch_op:
        batch_op.drop_index('uq_declaration_one_open', sqlite_where=sa.text("status IN ('draft', 'submitted', 'in_review', 'returned')"), postgresql_where=sa.text("status IN ('draft', 'submitted', 'in_review', 'returned')"))
        batch_op.drop_index('ix_declaration_queue')
        batch_op.drop_index(batch_op.f('ix_declaration_department_id'))
        batch_op.drop_index(batch_op.f('ix_declaration_account_id'))

    op.drop_table('declaration')
    with op.batch_alter_table('activation_code', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_activation_code_legacy_id'))
        batch_op.drop_index(batch_op.f('ix_activation_code_account_id'))

    op.drop_table('activation_code')
    with op.batch_alter_table('recovery_code', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_recovery_code_staff_id'))

    op.drop_table('recovery_code')
    with op.batch_alter_table('account', schema=None) as batch_op:
        batch_op.drop_index('uq_account_number')
        batch_op.drop_index(batch_op.f('ix_account_phone_index'))

    op.drop_table('account')
    with op.batch_alter_table('staff', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_staff_id_index'))
        batch_op.drop_index(batch_op.f('ix_staff_department_id'))

    op.drop_table('staff')
    with op.batch_alter_table('legacy_holder', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_legacy_holder_batch'))

    op.drop_table('legacy_holder')
    with op.batch_alter_table('department_division', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_department_division_division_code'))

    op.drop_table('department_division')
    op.drop_table('return_reason')
    op.drop_table('option')
    with op.batch_alter_table('notice', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_notice_published_at'))

    op.drop_table('notice')
    with op.batch_alter_table('division', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_division_parent_code'))

    op.drop_table('division')
    with op.batch_alter_table('department', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_department_path'))
        batch_op.drop_index(batch_op.f('ix_department_parent_id'))

    op.drop_table('department')
    op.drop_table('counter')
    op.drop_table('calendar_day')
    with op.batch_alter_table('attempt', schema=None) as batch_op:
        batch_op.drop_index('ix_attempt_lookup')

    op.drop_table('attempt')
    if dialect == "postgresql":
        for table in ONLY_ADDED:
            op.execute(f"DROP FUNCTION {table}_only_added()")
