import Basics
import Foundation
import Testing

struct DayTests {
  @Test(
    arguments: [
      (1970, 1, 1, 0, Weekday.thursday), (1969, 12, 31, -1, .wednesday),
      (2000, 2, 29, 11_016, .tuesday), (2026, 11, 22, 20_779, .sunday),
      (1900, 3, 1, -25_508, .thursday), (2100, 2, 28, 47_540, .sunday),
      (1, 1, 1, -719_162, .monday), (9999, 12, 31, 2_932_896, .friday),
    ] as [(Int, Int, Int, Int, Weekday)])
  func aDateHasANumberAndAWeekday(
    _ year: Int, _ month: Int, _ dayOfMonth: Int, _ number: Int, _ weekday: Weekday
  ) throws {
    let day = try #require(Day(year: year, month: month, day: dayOfMonth))
    #expect(day.number == number)
    #expect(day.weekday == weekday)
    #expect(day.civil == (year, month, dayOfMonth))
  }

  @Test(
    arguments: [
      (2026, 2, 29), (2100, 2, 29), (1900, 2, 29), (2026, 4, 31), (2026, 0, 1), (2026, 13, 1),
      (2026, 1, 0), (2026, 1, 32), (0, 1, 1), (10_000, 1, 1), (2026, -1, 1),
    ] as [(Int, Int, Int)])
  func aDateThatIsNotIsNone(_ year: Int, _ month: Int, _ dayOfMonth: Int) {
    #expect(Day(year: year, month: month, day: dayOfMonth) == nil)
  }

  /// Another program's calendar is the judge: Foundation's Gregorian one.
  @Test func datesAgreeWithAnotherCalendar() throws {
    var calendar = Calendar(identifier: .gregorian)
    calendar.timeZone = try #require(TimeZone(identifier: "UTC"))
    for number in stride(from: -60_000, through: 60_000, by: 17) {
      let date = Date(timeIntervalSince1970: Double(number) * 86_400)
      let parts = calendar.dateComponents([.year, .month, .day, .weekday], from: date)
      let day = Day(number: number)
      #expect(day.civil.year == parts.year)
      #expect(day.civil.month == parts.month)
      #expect(day.civil.day == parts.day)
      // Foundation counts from Sunday 1.
      #expect(day.weekday.rawValue % 7 + 1 == parts.weekday)
    }
  }

  @Test func everyDayFollowsTheOneBefore() throws {
    var day = try #require(Day(year: 1899, month: 12, day: 31))
    for _ in 0..<80_000 {
      let next = day.adding(days: 1)
      let (year, month, dayOfMonth) = next.civil
      #expect(Day(year: year, month: month, day: dayOfMonth) == next)
      #expect(next > day)
      if dayOfMonth == 1 {
        #expect(day.civil.day == Day.length(ofMonth: day.civil.month, year: day.civil.year))
      }
      day = next
    }
  }

  @Test(arguments: ["2026-11-22", "20261122"])
  func aDateIsRead(_ text: String) {
    #expect(Day(text)?.description == "2026-11-22")
  }

  @Test(arguments: [
    "", "2026-11-2", "2026-11-222", "2026/11/22", "22.11.2026", "2026-1122", "202611-22",
    "20261131", "2026-02-29", "-2026112", "2026-11-2a", "２０２６1122", "20261122 ", "--------",
  ])
  func aTextThatIsNoDateIsNone(_ text: String) {
    #expect(Day(text) == nil)
  }

  @Test func aWeekBeginsOnMonday() throws {
    let sunday = try #require(Day("2026-11-22"))
    #expect(sunday.monday.description == "2026-11-16")
    #expect(sunday.monday.monday == sunday.monday)
    #expect(sunday.adding(days: 1).monday.description == "2026-11-23")
    #expect(Weekday.allCases.map(\.name).first == "monday")
  }
}
