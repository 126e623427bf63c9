// Cx towards an HSS and Rx towards a PCRF or MME (manual §5.2).
import { diameterServer, endpoint } from '../schema/network.ts';
import { ignored, optional, preset } from '../schema/property.ts';
import { anything, flag, text } from '../schema/scalar.ts';

/** IANA's port for Diameter. */
const DIAMETER_PORT = 3868;

export const diameterTable = {
  cx_server_addr: optional(
    diameterServer(DIAMETER_PORT),
    'users come from ue_db only',
    'HSS of the users that ue_db does not have, or has without keys; port 3868 by default.',
  ),
  cx_bind_addr: optional(endpoint(0), 'address of sctp_addr', 'Local address of Cx.'),
  cx_origin_realm: preset(text, 'amarisoft.com', 'Origin-Realm of Cx messages.'),
  cx_origin_host: preset(text, 'ims.amarisoft.com', 'Origin-Host of Cx messages.'),
  rx_server_addr: optional(
    diameterServer(DIAMETER_PORT),
    'cx_server_addr',
    'PCRF or MME that is asked for the bearers of calls; port 3868 by default.',
  ),
  rx_bind_addr: optional(endpoint(0), 'address of cx_bind_addr', 'Local address of Rx.'),
  rx_origin_realm: preset(text, 'amarisoft.com', 'Origin-Realm of Rx messages.'),
  rx_origin_host: preset(text, 'ims.amarisoft.com', 'Origin-Host of Rx messages.'),
  rx_required: preset(flag, false, 'Calls and registrations are refused when Rx fails.'),
  qci: ignored(
    anything,
    'Obsolete: the QCI is set in the rx object of the MME configuration.',
    "'qci' has no effect: set it in the rx object of the MME configuration",
  ),
} as const;
