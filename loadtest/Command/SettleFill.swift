import Basics
import Foundation
import LoadMeasures
import ServiceClient
import Tapping

/// Puts a day's batches into the journal by COPY.
struct SettleFill {
  /// Bytes of a file before it is copied and another one begun.
  static let fileBytesMax = 64 << 20

  let world: SettleTaps
  let database: Psql
  let folder: URL

  /// Fills a day; `firstSeqRound` tells how many days the devices have sent before.
  func fill(batches: Int, dayStart: Instant, firstSeqRound: Int, late: Int) async throws {
    try await enroll()
    var bar = ProgressBar("filling the journal", total: batches)
    var copy = JournalCopy()
    var next = [Int64](
      repeating: Int64(firstSeqRound) * Int64(batches) * Int64(SettleTaps.tapsPerBatch) + 1,
      count: world.devices.count)
    for number in 0..<batches {
      let device = number % world.devices.count
      let arrival = world.batch(
        number, of: batches, dayStart: dayStart, firstSeq: next[device], late: late)
      let end = next[device] + Int64(SettleTaps.tapsPerBatch)
      let body = TapBatchJSON.encode(arrival.batch)
      copy.row(
        device: arrival.batch.device, epoch: 1, seqs: next[device]..<end,
        receivedAt: arrival.receivedAt, body: body, signature: [UInt8](repeating: 0, count: 64),
        digest: SHA256Digest.hash(body))
      next[device] = end
      if copy.bytes.count >= Self.fileBytesMax || number == batches - 1 {
        try await put(&copy)
        bar.show(number + 1)
      }
    }
    bar.finish()
    try await database.run(
      """
      update device_epoch e set taps_stored = c.taps, seen = c.seen
      from (
        select device_id, range_agg(fresh) as seen,
          sum((select sum(upper(r) - lower(r)) from unnest(fresh) r)) as taps
        from tap_batch group by device_id) c
      where e.device_id = c.device_id
      """)
  }

  private func put(_ copy: inout JournalCopy) async throws {
    copy.finish()
    let file = folder.appendingPathComponent("journal.copy")
    try Data(copy.bytes).write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    copy = JournalCopy()
    try await database.run(JournalCopy.statement(file: file.path))
  }

  /// The devices with their registers.
  private func enroll() async throws {
    try await database.run(
      """
      insert into device (device_id, state, enrolled_at)
      select 'S-' || n, 'enrolled', now() from generate_series(1, \(world.devices.count)) n
      on conflict do nothing
      """)
    try await database.run(
      """
      insert into device_epoch (device_id, epoch, last_received_at, last_sent_at)
      select 'S-' || n, 1, now(), now() from generate_series(1, \(world.devices.count)) n
      on conflict do nothing
      """)
  }
}
