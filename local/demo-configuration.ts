/** The demo's longshore.yaml: two watches on the local upstream and a target that wants a login. */
export function demoConfiguration({
  upstream,
  target,
}: {
  readonly upstream: string;
  readonly target: string;
}): string {
  return `# Made by npm start. Try: npm run -s longshore -- config check ${'<this file>'}
registries:
  ${JSON.stringify(target)}:
    credentials: { username: longshore, password: { env: TARGET_PASSWORD } }

defaults:
  schedule: "*/2 * * * * *"   # every two seconds, so that there is something to see

watches:
  - name: node
    source: ${upstream}/base/node
    target: ${target}/mirror/node
    tags: { include: ["22", "22-*", "24"], exclude: ["*-rc*"] }
  - name: python
    source: ${upstream}/base/python
    target: ${target}/mirror/python
    tags: "3.*"
  - name: charts
    source: ${upstream}/charts/podinfo
    target: ${target}/charts/podinfo
    tags: "6.9.0"

transfer:
  registry: ${target}
`;
}
