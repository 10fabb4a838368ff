import Basics
import Testing
import Tracking

@Suite struct CleaningTests {
  private let start = Instant(seconds: 1_700_000_000)

  private func position(_ seconds: Int64, _ latitude: Double, door: DoorState? = nil) -> Position {
    Position(
      vehicle: "1", at: start.adding(seconds: seconds),
      coordinate: Coordinate(latitude: latitude, longitude: 30), door: door)
  }

  @Test func theStagesStandInTheirOrder() {
    #expect(Cleaning.stages.map(\.name) == ["impossible", "sort", "duplicate", "jump"])
  }

  @Test func eachStageSaysHowManyItLeftOut() {
    let track = Cleaning.clean([
      position(20, 50.002), position(0, 50), position(10, 50.001), position(10, 50.001),
      position(15, 51), position(5, 95),
    ])
    #expect(track.positions == [position(0, 50), position(10, 50.001), position(20, 50.002)])
    #expect(track.dropped == ["impossible": 1, "duplicate": 1, "jump": 1])
  }

  @Test func ofTwoReportsOfOneMomentTheDoorEventStays() {
    let reports = [position(0, 50), position(0, 50, door: .open)]
    #expect(Cleaning.clean(reports).positions == [reports[1]])
    #expect(Cleaning.clean(reports.reversed()).positions == [reports[1]])
  }

  @Test func aVehicleThatReallyMovedIsBelievedAfterAFewReports() {
    let track = Cleaning.clean(
      [position(0, 50)] + (1...10).map { position($0, 51) })
    #expect(track.positions.count == 8)
    #expect(track.dropped == ["jump": 3])
  }
}
