package import Metrics
package import Store
import Synchronization
package import Tapping

/// Holds the newest deny list for all who ask, and replaces it when another version is made.
///
/// Many readers, one writer, whole values: the list is read from the database once a version, not
/// once a validator.
package final class DenyListHolder: Sendable {
  /// Differences kept ready, by the version they begin at; past them the newest are made anew.
  static let differencesMax = 64
  /// Most bytes of fingerprints in them: after many entries at once each may be nearly as long as the list.
  package static let differencesBytesMax = 16 << 20

  private struct Held: Sendable {
    var whole: DenyListFile?
    /// Versions below it are of another line.
    var base: Int64 = 0
    var differences: [Int64: DenyListFile] = [:]
    var differencesBytes = 0
    var isStale = true

    mutating func dropDifferences() {
      differences = [:]
      differencesBytes = 0
    }

    mutating func keep(_ difference: DenyListFile, since version: Int64, bytesMax: Int) {
      let size = difference.added.count + difference.removed.count
      // Somebody else may have been as quick.
      guard whole?.version == difference.version, differences[version] == nil, size <= bytesMax
      else { return }
      if differences.count >= DenyListHolder.differencesMax || differencesBytes + size > bytesMax {
        dropDifferences()
      }
      differences[version] = difference
      differencesBytes += size
    }
  }

  private let held = Mutex(Held())
  private let gauge: Gauge
  private let entries: Gauge
  private let meter: DenyListMeter
  private let differencesBytesMax: Int

  /// Starts without a list.
  package init(
    factory: any MetricsFactory,
    differencesBytesMax: Int = DenyListHolder.differencesBytesMax
  ) {
    self.differencesBytesMax = differencesBytesMax
    gauge = Gauge(label: "kvytok_deny_list_version", factory: factory)
    entries = Gauge(label: "kvytok_deny_list_entries", factory: factory)
    meter = DenyListMeter(factory)
  }

  /// The newest version; nil until the list was read.
  package var version: Int64? { held.withLock { $0.whole?.version } }

  /// Bytes of fingerprints in the differences that are kept ready.
  package var differencesBytes: Int { held.withLock { $0.differencesBytes } }

  /// Says that another version may be there.
  package func invalidate() { held.withLock { $0.isStale = true } }

  /// Follows what is published, by this process or another, until the task is cancelled.
  package func follow(_ store: Store) async {
    for await _ in store.announcements(.denyList) {
      invalidate()
      // A database that is away now announces a resumption when it is back.
      _ = try? await current(from: store)
    }
  }

  /// Makes the salt of the city where there is none, and reads the list.
  package func prepare(
    _ store: Store, random: @escaping @Sendable (Int) -> [UInt8]
  ) async throws {
    _ = try await store.write { db in
      try await db.denyList.salt(orMakeFrom: { random(TokenFingerprint.saltByteCount) })
    }
    invalidate()
    _ = try await current(from: store)
  }

  /// Measures how long news took to devices, seconds each.
  package func record(_ latencies: [Double]) { meter.record(latencies) }

  /// The whole list of the newest version.
  package func current(from store: Store) async throws -> DenyListFile {
    let kept = held.withLock { held -> DenyListFile? in
      guard !held.isStale else { return nil }
      return held.whole
    }
    if let kept { return kept }
    // Whoever invalidates while we read finds it stale again.
    held.withLock { $0.isStale = false }
    do {
      let (file, base) = try await store.read { db in
        guard let salt = try await db.denyList.salt() else {
          throw StoreFault(kind: .unavailable, "the city has no salt for its deny list yet")
        }
        let file = DenyListFile(
          version: try await db.denyList.head().version, since: nil, salt: salt,
          added: try await db.denyList.all())
        return (file, try await db.denyList.base())
      }
      held.withLock { held in
        if (held.whole?.version ?? -1) <= file.version {
          held.whole = file
          held.base = base
          held.dropDifferences()
        }
      }
      gauge.record(file.version)
      entries.record(file.added.count / TokenFingerprint.byteCount)
      return file
    } catch {
      invalidate()
      throw error
    }
  }

  /// What a device lacks that holds a version: nil when it has the newest; the whole list when it
  /// has none, one of another city or of before a restore, or when the difference would be longer.
  package func file(
    since version: Int64?, from store: Store
  ) async throws -> DenyListFile? {
    let whole = try await current(from: store)
    let base = held.withLock { $0.base }
    guard let version, version > 0, version >= base, version <= whole.version else { return whole }
    guard version < whole.version else { return nil }
    if let kept = held.withLock({ $0.differences[version] }), kept.version == whole.version {
      return kept
    }
    let (head, changes) = try await store.read { db in
      (try await db.denyList.head(), try await db.denyList.changes(since: version))
    }
    guard changes.added.count + changes.removed.count < whole.added.count else { return whole }
    let file = DenyListFile(
      version: head.version, since: version, salt: whole.salt, added: changes.added,
      removed: changes.removed)
    held.withLock { $0.keep(file, since: version, bytesMax: differencesBytesMax) }
    return file
  }
}
