import Basics
import LoadMeasures
import ServiceClient
import Tapping

/// Encodes and signs batches ahead of the measured time, so that it measures the service alone.
struct BatchPreparation {
  /// Most bytes of prepared bodies.
  static let bytesMax = 1536 << 20

  let devices: [SignedDevice]
  let taps: LoadTaps
  let sentAt: Instant

  /// Batches numbered from `first` on for every device, dealt to workers; a device stays with one.
  func prepare(
    batchCount: Int, firstOfDevice first: Int, workers: Int
  ) async -> [[PreparedBatch]] {
    let rounds = (batchCount + devices.count - 1) / devices.count
    return await withTaskGroup(of: (Int, [PreparedBatch]).self) { group in
      for worker in 0..<workers {
        group.addTask {
          var batches: [PreparedBatch] = []
          for round in 0..<rounds {
            for device in stride(from: worker, to: devices.count, by: workers) {
              batches.append(batch(first + round, of: devices[device]))
            }
          }
          return (worker, batches)
        }
      }
      var dealt = [[PreparedBatch]](repeating: [], count: workers)
      for await (worker, batches) in group { dealt[worker] = batches }
      return dealt
    }
  }

  private func batch(_ number: Int, of device: SignedDevice) -> PreparedBatch {
    let body = TapBatchJSON.encode(
      taps.batch(number, device: device.id, vehicle: device.id, sentAt: sentAt))
    let headers = device.headers(for: body)
    let signature = headers.first { $0.0 == "kvytok-signature" }?.1 ?? ""
    return PreparedBatch(
      device: device.id, number: number, body: body,
      signature: Base64.decode(signature, .standard) ?? [], headers: headers)
  }
}
