import ServiceClient

/// Enrols the devices of a load, several side by side.
enum Enrolling {
  /// Devices that are enrolled at the same time.
  static let atOnce = 16

  /// Makes devices number 1 up to a count, in no particular order.
  static func all<Device: Sendable>(
    _ count: Int, _ make: @escaping @Sendable (Int) async throws -> Device
  ) async throws -> [Device] {
    var devices: [Device] = []
    var bar = ProgressBar("enrolling \(count) devices", total: count)
    try await withThrowingTaskGroup(of: Device.self) { group in
      for number in 1...count {
        if number > atOnce, let device = try await group.next() {
          devices.append(device)
          bar.show(devices.count)
        }
        group.addTask { try await make(number) }
      }
      for try await device in group { devices.append(device) }
    }
    bar.finish()
    return devices
  }
}
