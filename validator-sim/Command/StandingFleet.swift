import Basics
import ServiceClient
import SimulatedCity
import Synchronization
import Tapping

/// Validators beside their taps: each asks for the deny list, and tells how it is and what it holds.
final class StandingFleet: Sendable {
  /// Validators that ask and tell at the same time.
  static let atOnceMax = 16

  /// What a validator holds.
  private struct Holding: Sendable {
    var denyList = HeldDenyList()
    var tariffVersion: String?

    /// Whether a heartbeat's answer told of something that is not held yet.
    func isBehind(_ news: HeartbeatNews) -> Bool {
      news.tariffVersion != tariffVersion || (news.denyListVersion ?? 0) > (denyList.version ?? 0)
    }
  }

  private let devices: [SignedDevice]
  private let health: [ValidatorHealth]
  private let client: ServiceClient
  private let holdings: Mutex<[Holding]>

  /// Makes validators that hold nothing yet; a clock that is ahead by some seconds may be told of each.
  init(_ devices: [SignedDevice], clockErrorSeconds: [Int]? = nil, client: ServiceClient) {
    self.devices = devices
    self.client = client
    health = devices.enumerated().map { index, device in
      ValidatorHealth(device: device.id, clockErrorSeconds: clockErrorSeconds?[index] ?? 0)
    }
    holdings = Mutex(Array(repeating: Holding(), count: devices.count))
  }

  /// The deny list that a validator holds.
  func denyList(of device: Int) -> HeldDenyList { holdings.withLock { $0[device].denyList } }

  /// The tariff that a validator knows of.
  func tariffVersion(of device: Int) -> String? { holdings.withLock { $0[device].tariffVersion } }

  /// Each asks for the deny list where it holds none or when told to, and tells how it is; the faults of those that
  /// could not, by their places.
  func tell(
    askingFirst: Bool, newest: @escaping @Sendable (Int) -> (epoch: Int64, tap: Tap)? = { _ in nil }
  ) async -> [Int: any Error] {
    await withTaskGroup(of: (Int, (any Error)?).self) { group in
      var faults: [Int: any Error] = [:]
      for index in devices.indices {
        if index >= Self.atOnceMax, let (done, fault) = await group.next() { faults[done] = fault }
        group.addTask {
          do {
            try await self.tell(index, askingFirst: askingFirst, newest: newest(index))
            return (index, nil)
          } catch {
            return (index, error)
          }
        }
      }
      for await (done, fault) in group { faults[done] = fault }
      return faults
    }
  }

  /// The same, where nothing may fail.
  func requireTelling(
    newest: @escaping @Sendable (Int) -> (epoch: Int64, tap: Tap)? = { _ in nil }
  ) async throws {
    let faults = await tell(askingFirst: true, newest: newest)
    if let first = faults.min(by: { $0.key < $1.key }) { throw first.value }
  }

  private func tell(
    _ index: Int, askingFirst: Bool, newest: (epoch: Int64, tap: Tap)?
  ) async throws {
    var holding = holdings.withLock { $0[index] }
    defer { holdings.withLock { $0[index] = holding } }
    if askingFirst || holding.denyList.version == nil { try await ask(index, &holding) }
    let news = try await beat(index, holding, newest)
    guard holding.isBehind(news) else { return }
    holding.tariffVersion = news.tariffVersion
    if (news.denyListVersion ?? 0) > (holding.denyList.version ?? 0) {
      try await ask(index, &holding)
    }
    // At once, so that the service knows since when it is held.
    _ = try await beat(index, holding, newest)
  }

  private func ask(_ index: Int, _ holding: inout Holding) async throws {
    let list = holding.denyList
    let device = devices[index]
    guard
      let answer = try await device.ask(
        list.target, accepting: HeldDenyList.mediaType, unless: list.tag, at: Edge.now(),
        with: client)
    else { return }
    guard holding.denyList.take(answer.body, tag: answer.header("etag")) else {
      // Whole the next time: what is held does not go together with what comes.
      holding.denyList = HeldDenyList()
      throw ServiceFault.unreadable(
        request: "GET \(list.target) of \(device.id)",
        message: "it is damaged, or no difference against version \(list.version ?? 0)")
    }
  }

  private func beat(
    _ index: Int, _ holding: Holding, _ newest: (epoch: Int64, tap: Tap)?
  ) async throws -> HeartbeatNews {
    try await devices[index].tell(
      health[index].heartbeat(
        at: Edge.now(), tariffVersion: holding.tariffVersion,
        denyListVersion: holding.denyList.version, newest: newest), with: client)
  }
}
