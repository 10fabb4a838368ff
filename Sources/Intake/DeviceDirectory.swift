import Basics
import Store
import Synchronization

/// Bounds of what is remembered of devices.
package struct DirectoryLimits: Sendable {
  /// Most devices remembered.
  package var devicesMax = 20_000
  /// Most ids remembered that are nobody's.
  package var nobodiesMax = 2000

  /// Makes the limits of the house.
  package init() {}
}

/// Devices seen lately, so that a post does not cost a look into the database.
///
/// What it says may be a minute old; the right to post is looked at again inside the transaction
/// that stores the post, so that a revoked device stores nothing.
final class DeviceDirectory: Sendable {
  /// Oldest answer given about a device.
  static let ageSecondsMax: Int64 = 60
  /// Oldest answer given about an id that is nobody's, which may be enrolled any moment.
  static let unknownAgeSecondsMax: Int64 = 5

  fileprivate struct Entry: Sendable {
    let record: DeviceRecord?
    let fetchedAt: Instant

    /// An answer from the future is none: the clock was set back since, maybe by a day.
    fileprivate func holds(at moment: Instant) -> Bool {
      let ageMax = record == nil ? unknownAgeSecondsMax : ageSecondsMax
      return fetchedAt <= moment && moment < fetchedAt.adding(seconds: ageMax)
    }
  }

  /// Two generations: what was not asked for while one filled up is forgotten with the next.
  fileprivate struct Cache: Sendable {
    let limits: DirectoryLimits
    var young: [String: Entry] = [:]
    var old: [String: Entry] = [:]
    /// Ids that are nobody's, apart: anybody can think of more than there are devices.
    var nobodies: [String: Entry] = [:]
    /// Grows whenever something is forgotten, so that an older look into the database is not kept.
    var forgettings = 0
  }

  private let store: Store
  private let cache: Mutex<Cache>

  init(store: Store, limits: DirectoryLimits) {
    self.store = store
    cache = Mutex(Cache(limits: limits))
  }

  /// What is remembered of an id.
  enum Memory: Sendable {
    case device(DeviceRecord)
    /// There is none of that id.
    case nobody
    /// The database has to be asked.
    case nothing
  }

  /// What is remembered of an id, without a look into the database.
  func known(_ id: String, at moment: Instant) -> Memory {
    guard let entry = cache.withLock({ $0.entry(id) }), entry.holds(at: moment) else {
      return .nothing
    }
    return entry.record.map(Memory.device) ?? .nobody
  }

  /// A device; nil when there is none of that id.
  func find(_ id: String, at moment: Instant) async throws -> DeviceRecord? {
    let (entry, forgettings) = cache.withLock { cache -> (Entry?, Int) in
      (cache.entry(id), cache.forgettings)
    }
    if let entry, entry.holds(at: moment) { return entry.record }
    let record = try await store.read { session in try await session.devices.find(id) }
    cache.withLock { cache in
      guard cache.forgettings == forgettings else { return }
      cache.keep(Entry(record: record, fetchedAt: moment), of: id)
    }
    return record
  }

  /// Forgets a device that changed.
  func forget(_ id: String) {
    cache.withLock { cache in
      cache.forgettings += 1
      cache.drop(id)
    }
  }

  /// Forgets all, when changes may have been missed.
  func forgetAll() {
    cache.withLock { cache in
      cache.forgettings += 1
      cache.young = [:]
      cache.old = [:]
      cache.nobodies = [:]
    }
  }
}

extension DeviceDirectory.Cache {
  fileprivate mutating func entry(_ id: String) -> DeviceDirectory.Entry? {
    if let entry = young[id] { return entry }
    guard let entry = old[id] else { return nobodies[id] }
    keep(entry, of: id)
    return entry
  }

  fileprivate mutating func drop(_ id: String) {
    young[id] = nil
    old[id] = nil
    nobodies[id] = nil
  }

  fileprivate mutating func keep(_ entry: DeviceDirectory.Entry, of id: String) {
    guard entry.record != nil else {
      drop(id)
      if nobodies.count >= limits.nobodiesMax { nobodies = [:] }
      nobodies[id] = entry
      return
    }
    if young[id] == nil, young.count >= limits.devicesMax / 2 {
      old = young
      young = [:]
    }
    young[id] = entry
  }
}
