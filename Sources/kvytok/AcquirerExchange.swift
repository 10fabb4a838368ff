import Acquiring
import Basics
import Charging
import Clearing
import Foundation
import Logging

/// Exchanges files with the acquirer by itself: clearing files out once a day, funding files in as
/// they come.
struct AcquirerExchange: Sendable {
  /// Seconds between two looks at the clock and into the folder.
  static let pauseSeconds: Double = 20

  let folder: AcquirerFolder
  /// Nil when the acquirer takes captures otherwise.
  let schedule: ClearingFileSchedule?
  let funding: FundingDesk
  let log: Logger

  /// Works until the task is cancelled; a fault is told, and tried again.
  func run() async {
    var told: Set<String> = []
    repeat {
      do {
        try await giveOut()
      } catch {
        log.error("clearing files are not given out", metadata: ["fault": "\(error)"])
      }
      do {
        try await takeIn()
        try tell(ofOthersThan: &told)
      } catch {
        log.error("funding files are not taken", metadata: ["fault": "\(error)"])
      }
    } while (try? await Task.sleep(for: .seconds(Self.pauseSeconds))) != nil
  }

  private func giveOut() async throws {
    guard let schedule else { return }
    _ = try await schedule.makeDue()
    let folder = folder
    for name in try await schedule.desk.giveOut({ _ = try folder.write($0) }) {
      log.info("a clearing file was given out", metadata: ["file": "\(name)"])
    }
  }

  private func takeIn() async throws {
    for (name, outcome) in try await AcquirerFiles(folder: folder).take(funding) {
      log.log(
        level: outcome.isRefused ? .warning : .info, "a funding file came",
        metadata: ["file": "\(name)", "outcome": "\(outcome.text)"])
    }
  }

  /// Tells once of each file that lies in the folder under a name that nothing is taken by: money that the
  /// acquirer thinks it told of would never be booked.
  private func tell(ofOthersThan told: inout Set<String>) throws {
    let others = try AcquirerFiles(folder: folder).leftAlone()
    defer { told = Set(others) }
    let new = others.filter { !told.contains($0) }
    guard !new.isEmpty else { return }
    log.warning("\(AcquirerFiles.leftAloneHead)", metadata: ["files": "\(AcquirerFiles.list(new))"])
  }
}
