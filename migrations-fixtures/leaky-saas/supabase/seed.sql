-- Local development data: two customers (Northwind, Globex) and one user without a workspace

insert into auth.users (
  id, aud, role, email, email_confirmed_at, last_sign_in_at,
  raw_app_meta_data, raw_user_meta_data, created_at, updated_at
)
values
  ('a11ce000-0000-4000-8000-000000000001', 'authenticated', 'authenticated', 'alice@northwind.test',
   '2025-06-01 08:00+00', '2025-11-03 07:55+00', '{"provider": "email"}', '{"full_name": "Alice Archer"}', '2025-06-01 08:00+00', '2025-06-01 08:00+00'),
  ('b0b00000-0000-4000-8000-000000000002', 'authenticated', 'authenticated', 'bob@northwind.test',
   '2025-06-02 08:00+00', '2025-11-03 08:10+00', '{"provider": "email"}', '{"full_name": "Bob Brandt"}', '2025-06-02 08:00+00', '2025-06-02 08:00+00'),
  ('ca501000-0000-4000-8000-000000000003', 'authenticated', 'authenticated', 'carol@globex.test',
   '2025-06-03 08:00+00', '2025-11-02 15:20+00', '{"provider": "email"}', '{"full_name": "Carol Chen"}', '2025-06-03 08:00+00', '2025-06-03 08:00+00'),
  ('da5e0000-0000-4000-8000-000000000004', 'authenticated', 'authenticated', 'dave@freelance.test',
   '2025-06-04 08:00+00', '2025-11-01 11:45+00', '{"provider": "email"}', '{"full_name": "Dave Diaz"}', '2025-06-04 08:00+00', '2025-06-04 08:00+00'),
  ('e51a0000-0000-4000-8000-000000000005', 'authenticated', 'authenticated', 'erin@nowhere.test',
   '2025-06-05 08:00+00', null, '{"provider": "email"}', '{"full_name": "Erin Ek"}', '2025-06-05 08:00+00', '2025-06-05 08:00+00');

insert into public.plans (id, name, monthly_price_cents, seat_limit, is_active)
values
  ('free', 'Free', 0, 3, true),
  ('team', 'Team', 1900, 25, true),
  ('business', 'Business', 4900, null, true);

-- The owners' memberships are added by a trigger
insert into public.workspaces (id, name, plan_id, intake_enabled, created_by)
values
  ('11111111-0000-4000-8000-000000000001', 'Northwind', 'team', true, 'a11ce000-0000-4000-8000-000000000001'),
  ('22222222-0000-4000-8000-000000000002', 'Globex', 'business', false, 'ca501000-0000-4000-8000-000000000003');

-- Bob works for Northwind, Dave is a freelancer for both
insert into public.workspace_members (workspace_id, user_id, role)
values
  ('11111111-0000-4000-8000-000000000001', 'b0b00000-0000-4000-8000-000000000002', 'member'),
  ('11111111-0000-4000-8000-000000000001', 'da5e0000-0000-4000-8000-000000000004', 'member'),
  ('22222222-0000-4000-8000-000000000002', 'da5e0000-0000-4000-8000-000000000004', 'admin');

insert into public.projects (id, workspace_id, name, description, created_by)
values
  ('11111111-0000-4000-8000-0000000000a1', '11111111-0000-4000-8000-000000000001', 'Website relaunch', 'New storefront', 'a11ce000-0000-4000-8000-000000000001'),
  ('11111111-0000-4000-8000-0000000000a2', '11111111-0000-4000-8000-000000000001', 'Warehouse app', null, 'b0b00000-0000-4000-8000-000000000002'),
  ('22222222-0000-4000-8000-0000000000b1', '22222222-0000-4000-8000-000000000002', 'Acquisition of Initech', 'Confidential', 'ca501000-0000-4000-8000-000000000003');

insert into public.sprints (id, workspace_id, project_id, name, goal, starts_on, ends_on)
values
  ('11111111-0000-4000-8000-0000000000c1', '11111111-0000-4000-8000-000000000001', '11111111-0000-4000-8000-0000000000a1', 'Sprint 1', 'Checkout works', '2025-10-06', '2025-10-17'),
  ('22222222-0000-4000-8000-0000000000c2', '22222222-0000-4000-8000-000000000002', '22222222-0000-4000-8000-0000000000b1', 'Due diligence', 'Sign the letter of intent', '2025-10-13', '2025-10-31');

insert into public.tasks (id, workspace_id, project_id, sprint_id, title, status, assignee_id, due_on, created_by)
values
  ('11111111-0000-4000-8000-0000000000d1', '11111111-0000-4000-8000-000000000001', '11111111-0000-4000-8000-0000000000a1', '11111111-0000-4000-8000-0000000000c1',
   'Design the product page', 'in_progress', 'b0b00000-0000-4000-8000-000000000002', '2025-10-10', 'a11ce000-0000-4000-8000-000000000001'),
  ('11111111-0000-4000-8000-0000000000d2', '11111111-0000-4000-8000-000000000001', '11111111-0000-4000-8000-0000000000a2', null,
   'Scan barcodes offline', 'todo', 'da5e0000-0000-4000-8000-000000000004', null, 'b0b00000-0000-4000-8000-000000000002'),
  ('22222222-0000-4000-8000-0000000000d3', '22222222-0000-4000-8000-000000000002', '22222222-0000-4000-8000-0000000000b1', '22222222-0000-4000-8000-0000000000c2',
   'Review the balance sheet', 'review', 'ca501000-0000-4000-8000-000000000003', '2025-10-20', 'ca501000-0000-4000-8000-000000000003');

insert into public.labels (workspace_id, name, color)
values
  ('11111111-0000-4000-8000-000000000001', 'design', '#0ea5e9'),
  ('22222222-0000-4000-8000-000000000002', 'confidential', '#dc2626');

insert into public.comments (workspace_id, task_id, author_id, body, deleted_at)
values
  ('11111111-0000-4000-8000-000000000001', '11111111-0000-4000-8000-0000000000d1', 'b0b00000-0000-4000-8000-000000000002', 'First draft is in the shared folder', null),
  ('22222222-0000-4000-8000-000000000002', '22222222-0000-4000-8000-0000000000d3', 'ca501000-0000-4000-8000-000000000003', 'Their debt is higher than reported', null),
  ('22222222-0000-4000-8000-000000000002', '22222222-0000-4000-8000-0000000000d3', 'da5e0000-0000-4000-8000-000000000004', 'Wrong task, sorry', '2025-10-15 09:00+00');

insert into public.attachments (workspace_id, uploaded_by, storage_path, file_name, byte_size)
values
  ('11111111-0000-4000-8000-000000000001', 'b0b00000-0000-4000-8000-000000000002', '11111111-0000-4000-8000-000000000001/product-page.fig', 'product-page.fig', 482113),
  ('22222222-0000-4000-8000-000000000002', 'ca501000-0000-4000-8000-000000000003', '22222222-0000-4000-8000-000000000002/balance-sheet.pdf', 'balance-sheet.pdf', 1893244),
  (null, 'da5e0000-0000-4000-8000-000000000004', 'drafts/offer.docx', 'offer.docx', 30211);

insert into public.invitations (workspace_id, email, role, invited_by, expires_at)
values
  ('11111111-0000-4000-8000-000000000001', 'frank@northwind.test', 'member', 'a11ce000-0000-4000-8000-000000000001', '2099-01-01 00:00+00'),
  ('22222222-0000-4000-8000-000000000002', 'erin@nowhere.test', 'admin', 'ca501000-0000-4000-8000-000000000003', '2099-01-01 00:00+00');

insert into public.notifications (user_id, kind, message)
values
  ('b0b00000-0000-4000-8000-000000000002', 'assignment', 'Alice assigned "Design the product page" to you'),
  ('ca501000-0000-4000-8000-000000000003', 'mention', 'Dave mentioned you'),
  ('da5e0000-0000-4000-8000-000000000004', 'digest', 'Your week in two workspaces');

insert into public.subscriptions (workspace_id, plan_id, status, stripe_customer_id, stripe_subscription_id, seats, current_period_end)
values
  ('11111111-0000-4000-8000-000000000001', 'team', 'active', 'cus_northwind', 'sub_northwind', 10, '2025-12-01 00:00+00'),
  ('22222222-0000-4000-8000-000000000002', 'business', 'past_due', 'cus_globex', 'sub_globex', 40, '2025-11-15 00:00+00');

insert into public.invoices (workspace_id, stripe_invoice_id, amount_cents, billing_email, issued_at, paid_at)
values
  ('11111111-0000-4000-8000-000000000001', 'in_northwind_10', 19000, 'accounting@northwind.test', '2025-10-01 00:00+00', '2025-10-02 00:00+00'),
  ('22222222-0000-4000-8000-000000000002', 'in_globex_10', 196000, 'finance@globex.test', '2025-10-15 00:00+00', null);

insert into public.time_entries (workspace_id, task_id, user_id, started_at, stopped_at, note)
values
  ('11111111-0000-4000-8000-000000000001', '11111111-0000-4000-8000-0000000000d1', 'b0b00000-0000-4000-8000-000000000002', '2025-10-07 08:00+00', '2025-10-07 11:30+00', 'Wireframes'),
  ('11111111-0000-4000-8000-000000000001', '11111111-0000-4000-8000-0000000000d2', 'da5e0000-0000-4000-8000-000000000004', '2025-10-08 13:00+00', '2025-10-08 16:00+00', null),
  ('22222222-0000-4000-8000-000000000002', '22222222-0000-4000-8000-0000000000d3', 'ca501000-0000-4000-8000-000000000003', '2025-10-14 09:00+00', null, 'Data room');

insert into public.activity_log (workspace_id, actor_id, action, subject_id, created_at)
values
  ('11111111-0000-4000-8000-000000000001', 'a11ce000-0000-4000-8000-000000000001', 'project.created', '11111111-0000-4000-8000-0000000000a1', '2025-08-20 10:00+00'),
  ('22222222-0000-4000-8000-000000000002', 'ca501000-0000-4000-8000-000000000003', 'project.created', '22222222-0000-4000-8000-0000000000b1', '2025-10-12 10:00+00'),
  ('22222222-0000-4000-8000-000000000002', 'da5e0000-0000-4000-8000-000000000004', 'file.downloaded', null, '2026-01-05 10:00+00');

insert into public.webhook_endpoints (workspace_id, url, events)
values
  ('11111111-0000-4000-8000-000000000001', 'https://hooks.northwind.test/taskflow', '{task.created,task.updated}'),
  ('22222222-0000-4000-8000-000000000002', 'https://hooks.globex.test/in', '{project.created}');

insert into public.api_keys (workspace_id, name, key_hash)
values
  ('11111111-0000-4000-8000-000000000001', 'CI', repeat('0a', 32)),
  ('22222222-0000-4000-8000-000000000002', 'ERP sync', repeat('0b', 32));

insert into public.intake_submissions (workspace_id, name, email, message)
values
  ('11111111-0000-4000-8000-000000000001', 'Grace Gray', 'grace@customer.test', 'Can you ship to Norway?'),
  ('22222222-0000-4000-8000-000000000002', 'Henry Hale', 'henry@initech.test', 'Please call me about the offer');

insert into public.support_tickets (workspace_id, requester_id, subject, body)
values
  ('11111111-0000-4000-8000-000000000001', 'b0b00000-0000-4000-8000-000000000002', 'Cannot export', 'The export stops at 90 percent'),
  ('22222222-0000-4000-8000-000000000002', 'ca501000-0000-4000-8000-000000000003', 'Invoice address', 'Please use our new address');

refresh materialized view public.workspace_usage;
