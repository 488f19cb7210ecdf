// From sign-in to a grade with the client that @hey-api/openapi-ts makes: see "Generated clients" in docs/clients.md.

import { type Client, createClient, formDataBodySerializer } from "./courses-api/client/index.js";
import {
  getCourses, getMe, getSubmission, patchCourse, postAssignments, postCourses, postLessons, postLogin, postLogout,
  postRegister, postSubmissions, putCoursePublication, putMyEnrollment, putSubmissionGrade,
  type SubmissionBody, type SubmissionUpload,
} from "./courses-api/index.js";

const WORK = "1 2 3 … 10";

function check(isSo: boolean, told: unknown): asserts isSo {
  if (!isSo) throw new Error(JSON.stringify(told));
}

async function signIn(baseUrl: string, username: string, password: string): Promise<Client> {
  const { data } = await postLogin({
    client: createClient({ baseUrl }), body: { username, password }, throwOnError: true,
  });
  return createClient({ baseUrl, auth: data.access_token });
}

export async function journey(baseUrl: string, teacherName: string, password: string): Promise<void> {
  const teacher = await signIn(baseUrl, teacherName, password);
  const { data: made } = await postCourses({
    client: teacher, body: { title: "TypeScript by machine" }, throwOnError: true,
  });
  const { data: lesson } = await postLessons({
    client: teacher, path: { course_id: made.id }, body: { title: "Numbers" }, throwOnError: true,
  });
  const { data: assignment } = await postAssignments({
    client: teacher,
    path: { course_id: made.id, lesson_id: lesson.id },
    body: { title: "Count to ten", max_points: 10 },
    throwOnError: true,
  });
  check(assignment.due_at === null, assignment);
  const { data: patched } = await patchCourse({
    client: teacher, path: { course_id: made.id }, body: { description: "Made by a program" }, throwOnError: true,
  });
  check(patched.title === made.title, patched);
  await putCoursePublication({ client: teacher, path: { course_id: made.id }, throwOnError: true });

  const person = { username: "tsgenerated", email: "tsgenerated@example.com", password };
  await postRegister({ client: createClient({ baseUrl }), body: person, throwOnError: true });
  const student = await signIn(baseUrl, person.username, password);
  const { data: page } = await getCourses({
    client: student, query: { search: "TypeScript by machine", limit: 1 }, throwOnError: true,
  });
  check(page.results[0]?.id === made.id, page);
  await putMyEnrollment({ client: student, path: { course_id: made.id }, throwOnError: true });

  const path = { course_id: made.id, lesson_id: lesson.id, assignment_id: assignment.id };
  const upload: SubmissionUpload = {
    text: "See the file",
    file: new File([WORK], "ответ.txt", { type: "text/plain" }),
  };
  const { data: submission } = await postSubmissions({
    client: student,
    path,
    body: upload as SubmissionBody, // the generator knows one content type per operation, and prefers JSON
    ...formDataBodySerializer,
    headers: { "Content-Type": null },
    throwOnError: true,
  });
  check(submission.file?.name === "ответ.txt" && submission.grade === null, submission);

  const work = { ...path, submission_id: submission.id };
  const read = await getSubmission({ client: teacher, path: work, throwOnError: true });
  const headers = { "If-Match": read.response.headers.get("ETag") ?? "" };
  const body = { grade: 9, feedback: "Good" };
  const graded = await putSubmissionGrade({ client: teacher, path: work, body, headers, throwOnError: true });
  check(graded.data.grade === 9, graded.data);
  const again = await putSubmissionGrade({ client: teacher, path: work, body, headers });
  check(again.data === undefined && again.error.code === "precondition_failed", again.error);

  const seen = await getSubmission({ client: student, path: work, throwOnError: true });
  check(seen.data.status === "checked" && seen.data.grade === 9, seen.data);
  const left = await postLogout({ client: student });
  check(left.response?.status === 204, left.error);
  const gone = await getMe({ client: student });
  check(gone.error?.code === "invalid_token", gone);
}
