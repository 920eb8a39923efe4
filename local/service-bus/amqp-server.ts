import type { AddressInfo, Socket } from 'node:net';
import rhea, { type EventContext } from 'rhea';
import { handleLinks, type QueueNodes } from './links.ts';

export interface AmqpServer {
  readonly port: number;
  dropConnections(): void;
  /** Resolves when the port is free and every connection is gone. Closing again is fine. */
  close(): Promise<void>;
}

/** Serves queues by AMQP 1.0 on the loopback interface; port 0 takes any that is free. */
export async function startAmqpServer(nodes: QueueNodes, port: number): Promise<AmqpServer> {
  const container = rhea.create_container({
    id: 'longshore-service-bus',
    max_frame_size: 64 * 1024,
    // Small frames would otherwise wait for the client's delayed acknowledgement of the one before, up to 40 ms.
    tcp_no_delay: true,
    receiver_options: { autoaccept: false, credit_window: 500 },
    // Otherwise rhea reports an abandoned message a second time, as released.
    sender_options: { treat_modified_as_released: false },
  });
  container.sasl_server_mechanisms.enable_anonymous();
  handleLinks(container, nodes);

  const forget = ({ connection }: EventContext) => {
    for (const node of nodes.values()) node.removeReceiversOf(connection);
  };
  container.on('disconnected', forget);
  container.on('connection_close', forget);
  // A client's errors do not matter here, but rhea throws errors that have no listener.
  for (const event of ['connection_error', 'session_error', 'sender_error', 'receiver_error']) {
    container.on(event, () => {});
  }
  // Here a frame could not be read or a handler threw; rhea ends that connection.
  for (const event of ['protocol_error', 'error']) {
    container.on(event, (error: Error) => process.emitWarning(error));
  }

  const server = container.listen({ port, host: '127.0.0.1' });
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('listening', resolve).once('error', reject);
  });

  // Given an error, the socket reports it, and so rhea learns that the connection and its timers are over.
  const dropConnections = () => {
    for (const socket of sockets) socket.destroy(new Error('The connection was dropped.'));
  };
  return {
    port: (server.address() as AddressInfo).port,
    dropConnections,
    async close() {
      const closed = server[Symbol.asyncDispose]();
      dropConnections();
      await closed;
    },
  };
}
