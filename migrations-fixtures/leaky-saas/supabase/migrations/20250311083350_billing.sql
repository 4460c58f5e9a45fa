-- Billing: subscriptions are written by the Stripe webhook, invoices are mirrored from Stripe

create table public.subscriptions (
  workspace_id uuid primary key references public.workspaces (id) on delete cascade,
  plan_id text not null references public.plans (id),
  status text not null check (status in ('trialing', 'active', 'past_due', 'canceled')),
  stripe_customer_id text,
  stripe_subscription_id text,
  seats integer not null default 1 check (seats > 0),
  current_period_end timestamptz,
  updated_at timestamptz not null default now()
);

alter table public.subscriptions enable row level security;

create policy "Admins can view the subscription"
  on public.subscriptions for select
  to authenticated
  using (public.has_workspace_role(workspace_id, array['owner', 'admin']::public.member_role[]));

create policy "Service role can manage subscriptions"
  on public.subscriptions for all
  using (true)
  with check (true);

create trigger subscriptions_touch_updated_at
  before update on public.subscriptions
  for each row execute function public.touch_updated_at();

create table public.invoices (
  id uuid primary key default gen_random_uuid(),
  workspace_id uuid not null references public.workspaces (id) on delete cascade,
  stripe_invoice_id text not null,
  amount_cents integer not null,
  currency text not null default 'usd',
  billing_email text not null,
  hosted_url text,
  issued_at timestamptz not null default now(),
  paid_at timestamptz
);

create index invoices_workspace_id_idx on public.invoices (workspace_id);

comment on table public.invoices is 'Mirror of Stripe invoices, written by the stripe-webhook edge function';
