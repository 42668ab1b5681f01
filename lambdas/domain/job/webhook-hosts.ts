/** Where webhooks may go: https, and hosts that the stage lists. Asked when a job is submitted and at every delivery. Pure. */

/** Undefined: it may go there. */
export function webhookProblem(text: string, hosts: readonly string[]): string | undefined {
  const url = URL.parse(text);
  if (url === null) return 'is not a URL';
  if (url.protocol !== 'https:') return 'must begin with https://';
  if (url.username !== '' || url.password !== '') return 'must not carry a user name or password: whoever receives it checks the signature';
  if (!hosts.some((listed) => isListedAs(url, listed)))
    return `goes to ${url.host}, which the stage does not list: whoever runs the stage adds it to webhookHosts`;
  return undefined;
}

/** `*.example.com` is every host below example.com, at any depth, and not example.com itself. */
function isListedAs({ hostname, port }: URL, listed: string): boolean {
  const [host = '', listedPort = '443'] = listed.split(':');
  if ((port === '' ? '443' : port) !== listedPort) return false;
  return host.startsWith('*.') ? hostname.endsWith(host.slice(1)) && hostname.length >= host.length : hostname === host;
}
