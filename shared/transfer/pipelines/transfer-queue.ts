/** What a message of the transfers queue says: do this run, if it is still of this generation. */
export interface TransferMessage {
  readonly run: string;
  readonly generation: string;
}

export interface TransferQueue {
  /** A repeat within the queue's window is dropped. */
  send(message: TransferMessage): Promise<void>;
  /** To be seen at `at` and not before; never dropped as a repeat. */
  sendAt(message: TransferMessage, at: Date): Promise<void>;
}
