// The remote API (manual §5.2).
import { fileName } from '../schema/file.ts';
import { endpoint } from '../schema/network.ts';
import { object } from '../schema/object.ts';
import { ignored, optional, preset, required } from '../schema/property.ts';
import { flag, text } from '../schema/scalar.ts';

const API_PORT = 9000;

const comAuth = object('object', {
  password: required(text, 'Password that clients prove to know before anything else.'),
} as const);

const licenseServer = object('object', {
  server_addr: optional(text, 'none', 'Address of the licence server.'),
  name: optional(text, 'none', 'Name shown there.'),
  tag: optional(text, 'none', 'Tag of the licence.'),
} as const);

export const controlTable = {
  com_addr: optional(endpoint(API_PORT), 'no API', 'Address of the WebSocket API, port 9000 by default.'),
  com_name: preset(text, 'IMS', 'Name the server gives itself in the API.'),
  com_auth: optional(comAuth, 'no authentication', 'Authentication of API clients.'),
  com_ssl_certificate: optional(fileName, 'no TLS', 'Certificate (PEM); with it the API speaks TLS.'),
  com_ssl_key: optional(fileName, 'none', 'Private key (PEM) of the certificate; required with it.'),
  com_ssl_peer_verify: preset(flag, false, 'API clients must show a certificate that verifies.'),
  com_metrics: preset(flag, false, 'Counters in Prometheus text format at /metrics of com_addr.'),
  license_server: ignored(licenseServer, 'Accepted without effect: nothing here needs a licence.'),
} as const;
