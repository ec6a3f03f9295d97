// What people write by hand: take a page, map it, insert it, take the next.
//
//   paging.ts keyset|offset      DATABASE_URL says where; a page is 1000 rows
import pg from 'pg';
import { v5 as uuid } from 'uuid';

const PAGE = 1000;
const NAMESPACE = '6ba7b810-9dad-11d1-80b4-00c04fd430c8';
const KINDS = ['exam', 'cleaning', 'filling', 'crown', 'bridge', 'implant', 'aligner', 'retainer', 'xray', 'invoice', 'recall', 'lab'];
const STATUSES = ['new', 'open', 'assigned', 'waiting', 'blocked', 'done', 'cancelled'];
const COLUMNS = ['id', 'legacy_id', 'project_ref', 'assignee_ref', 'kind', 'status', 'title', 'description', 'due_at', 'created_at', 'amount', 'meta', 'done'];

type Source = {
  id: number;
  project_id: number | null;
  assignee_id: number | null;
  kind: number | null;
  status: number | null;
  title: string;
  description: string | null;
  due_at: Date | null;
  created_at: Date;
  amount: string | null;
  meta: unknown;
  done: boolean;
};

function mapped(task: Source): unknown[] {
  const kind = task.kind === null ? 'other' : (KINDS[task.kind] ?? 'other');
  const status = task.status === null ? 'unknown' : (STATUSES[task.status] ?? 'unknown');
  return [
    uuid(`task:${task.id}`, NAMESPACE), task.id, task.project_id, task.assignee_id, kind, status,
    `Task: ${task.title.trim()}`, task.description, task.due_at, task.created_at, task.amount, task.meta, task.done,
  ];
}

function insertion(rows: number): string {
  const tuple = (row: number) => `(${COLUMNS.map((_, column) => `$${row * COLUMNS.length + column + 1}`).join(',')})`;
  const tuples = Array.from({ length: rows }, (_, row) => tuple(row));
  return `INSERT INTO app.tasks (${COLUMNS.join(',')}) VALUES ${tuples.join(',')} ON CONFLICT (legacy_id) DO NOTHING`;
}

const keyset = process.argv[2] === 'keyset';
const source = new pg.Client({ connectionString: process.env.DATABASE_URL });
const target = new pg.Client({ connectionString: process.env.DATABASE_URL });
await source.connect();
await target.connect();
const wholePage = insertion(PAGE);
for (let last = 0, read = 0; ; ) {
  const { rows } = keyset
    ? await source.query<Source>('SELECT * FROM legacy.dispatch_task WHERE id > $1 ORDER BY id LIMIT $2', [last, PAGE])
    : await source.query<Source>('SELECT * FROM legacy.dispatch_task ORDER BY id LIMIT $1 OFFSET $2', [PAGE, read]);
  if (rows.length === 0) break;
  await target.query(rows.length === PAGE ? wholePage : insertion(rows.length), rows.flatMap(mapped));
  last = rows[rows.length - 1].id;
  read += rows.length;
}
await source.end();
await target.end();
