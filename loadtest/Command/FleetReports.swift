import Basics
import ServiceClient
import SimulatedCity
import Transit

/// Encodes, signs and writes what the vehicles of a load report, ahead of the measured time.
struct FleetReports: Sendable {
  /// Bytes that a position takes in a report, about, and those of a request beside its positions.
  private static let bytesPerPosition = 240
  private static let bytesPerRequest = 600

  /// What a connection posts.
  struct Dealt: Sendable {
    /// The first report of each of its vehicles.
    var first: [PreparedBatch] = []
    /// The reports after it: the vehicles take turns.
    var rest: [PreparedBatch] = []
  }

  let fleet: ReplayedFleet
  /// The device of each vehicle.
  let devices: [SignedDevice]
  /// Positions in a report.
  let batchSize: Int
  let sentAt: Instant
  let host: String

  /// Reports of as many positions that fit into what is prepared at most.
  static func fittingCount(batchSize: Int) -> Int {
    BatchPreparation.bytesMax / (batchSize * bytesPerPosition + bytesPerRequest)
  }

  /// Reports dealt to connections, at most so many for each after the first round.
  ///
  /// A vehicle stays with one connection. There are fewer where the day of its vehicles is over.
  func prepare(countPerConnection: Int, connections: Int) async -> [Dealt] {
    var dealt = [Dealt](repeating: Dealt(), count: connections)
    await withTaskGroup(of: (Int, Dealt).self) { tasks in
      for connection in 0..<connections {
        tasks.addTask { (connection, deal(countPerConnection, to: connection, of: connections)) }
      }
      for await (connection, share) in tasks { dealt[connection] = share }
    }
    return dealt
  }

  private func deal(_ count: Int, to connection: Int, of connections: Int) -> Dealt {
    let places = Array(stride(from: connection, to: fleet.vehicles.count, by: connections))
    guard !places.isEmpty else { return Dealt() }
    let rounds = (count + places.count - 1) / places.count + 1
    let reports = places.map { self.reports(of: $0, countMax: rounds) }
    var dealt = Dealt()
    dealt.first = reports.compactMap(\.first)
    for round in stride(from: 1, to: rounds, by: 1) {
      dealt.rest += reports.compactMap { round < $0.count ? $0[round] : nil }
    }
    dealt.rest.removeLast(max(dealt.rest.count - count, 0))
    return dealt
  }

  /// The first reports of a vehicle's day, all of them whole.
  private func reports(of place: Int, countMax: Int) -> [PreparedBatch] {
    let vehicle = fleet.vehicles[place]
    let device = devices[place]
    let track = fleet.track(of: vehicle)
    let network = fleet.fleet.network
    return (0..<min(countMax, track.count / batchSize)).map { number in
      var body = PositionBody(device: device.id, sentAt: sentAt)
      for (trip, position) in track[number * batchSize..<(number + 1) * batchSize] {
        body.add(
          at: fleet.fleet.instant(seconds: position.seconds), vehicle: vehicle.name,
          coordinate: position.coordinate, speedMetresPerSecond: position.speedMetresPerSecond,
          bearingDegrees: position.bearingDegrees, trip: network.trips[trip.trip].id,
          route: network.routes[trip.route].id, isDoorOpen: position.isDoorOpen)
      }
      let bytes = body.finished()
      return PreparedBatch(
        device: device.id, number: number,
        request: PreparedBatch.request(
          "/v1/positions", of: bytes, device.headers(for: bytes), host: host),
        bodyBytesCount: bytes.count, proof: [])
    }
  }
}
