// The client that openapi-typescript generates for intake, called with its input; prints the answers.
import createClient from "openapi-fetch";
import { readFileSync } from "node:fs";
import type { components, paths } from "./intake.js";

type Given = { url: string; key: string; scans: Record<string, string>; application: components["schemas"]["ApplicationIn"] };

const given: Given = JSON.parse(readFileSync(0, "utf8"));
const platform = createClient<paths>({ baseUrl: given.url, headers: { Authorization: `Bearer ${given.key}` } });
const stranger = createClient<paths>({ baseUrl: given.url, headers: { Authorization: "Bearer unknown" } });
const applications = "/intake/api/applications";
const one = `${applications}/{application_id}` as const;
const answers: unknown[] = [];

type Answer = { data?: object; error?: components["schemas"]["Problem"]; response: Response };

function noted<T extends Answer>(answer: T): T {
  answers.push({ status: answer.response.status, code: answer.error?.code, faults: answer.error?.faults?.length });
  return answer;
}

async function upload(path: string) {
  const answer = await platform.POST("/intake/api/files", {
    params: { query: { programme: given.application.programme } },
    body: path,
    headers: { "Content-Type": "application/octet-stream" },
    bodySerializer: (body) => readFileSync(body as string),
  });
  return noted(answer).data!.id;
}

const file = (key: string, body: components["schemas"]["ApplicationIn"] | components["schemas"]["DraftIn"], draft = false) =>
  platform.POST(applications, { params: { header: { "Idempotency-Key": key }, query: { draft } }, body });

const scans = [];
for (const [kind, path] of Object.entries(given.scans)) scans.push({ kind, file_id: await upload(path), stamped: true });
const application = { ...given.application, scans };
const filed = noted(await file("call-0001", application)).data!;
noted(await platform.GET(one, { params: { path: { application_id: filed.id } } }));
noted(await stranger.GET(applications));
noted(await platform.GET(one, { params: { path: { application_id: "00000000-0000-4000-8000-000000000000" } } }));
noted(await file("call-0001", { ...application, interview_mode: "online", past_participant: !application.past_participant }));
const key = { programme: application.programme, platform_no: "call-draft" };
const draft = noted(await file("call-0002", key, true)).data!;
const path = { application_id: draft.id };
noted(await platform.PATCH(one, {
  params: { path },
  body: { unit_code: null, interview_mode: "online" },
  headers: { "Content-Type": "application/merge-patch+json" },
}));
noted(await platform.POST(`${one}/submission`, { params: { path } }));
noted(await file("call-0003", { ...key, resume: "x".repeat(300 * 1024) }, true));
console.log(JSON.stringify(answers));
