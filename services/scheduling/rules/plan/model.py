"""The CP-SAT model of a teaching plan: dates and region of each module, and the purpose of each half-day.

Called by `teaching_plan` (all rules, best plan) and `plan_conflicts` (fewer rules, any plan). Teachers are assigned
afterwards: the class has one session at a time, so any free teacher of the required kind will do.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from ortools.sat.python import cp_model

from services.scheduling.rules.calendar import Calendar, is_holiday
from services.scheduling.rules.plan.availability import Availability, Role
from services.scheduling.rules.plan.values import Half, LessonKind, PlanConstraints, PlanRule, TeacherKind, VenueKind

# A rule that is left out while a conflict is explained is eased by this much, in days or modules, not dropped. That
# answers the question that people have, and keeps the model small.
EASED_MODULES = 1
EASED_MODULE_DAYS = 1
EASED_DAYS = 31

DATED = frozenset(
    {
        PlanRule.FIRST_MODULE,
        PlanRule.GAP,
        PlanRule.WITHIN_CYCLE,
        PlanRule.NO_HOLIDAY,
        PlanRule.BLOCKED_DATES,
        PlanRule.TEACHERS,
        PlanRule.VENUES,
    }
)
COUNTED = frozenset(
    {
        PlanRule.TOTAL_DAYS,
        PlanRule.TOTAL_HOURS,
        PlanRule.PRACTICE_SHARE,
        PlanRule.MENTOR_SHARE,
        PlanRule.SITE_SHARE,
    }
)
NEEDED_BY: dict[Role, PlanRule] = {
    TeacherKind.MENTOR: PlanRule.TEACHERS,
    TeacherKind.PROFESSOR: PlanRule.TEACHERS,
    VenueKind.FIRM: PlanRule.VENUES,
    VenueKind.CLASSROOM: PlanRule.VENUES,
}
EITHER_OR: list[list[LessonKind] | list[TeacherKind] | list[VenueKind]] = [
    list(LessonKind),
    list(TeacherKind),
    list(VenueKind),
]

Purpose = LessonKind | TeacherKind | VenueKind
Expression = cp_model.LinearExpr | cp_model.IntVar | int


@dataclass(frozen=True)
class ModuleVars:
    """Variables of one possible module; `used` is false if the plan does not need it."""

    starts: dict[tuple[int, int], cp_model.IntVar]  # by day number and length in days
    used: cp_model.IntVar
    first_day: cp_model.IntVar
    regions: dict[str, cp_model.IntVar]
    active: list[cp_model.IntVar]  # half-days of the longest module, the morning first
    halves: dict[Purpose, list[cp_model.IntVar]]

    @property
    def length(self) -> Expression:
        return cp_model.LinearExpr.weighted_sum(list(self.starts.values()), [length for _, length in self.starts])

    def by_day(self) -> dict[int, list[cp_model.IntVar]]:
        """Return the start variables by day number, for all lengths."""
        days: dict[int, list[cp_model.IntVar]] = {}
        for (day, _), var in self.starts.items():
            days.setdefault(day, []).append(var)
        return days


class PlanModel:
    """The structure of a plan, and those of its rules that are in `rules`."""

    def __init__(
        self, constraints: PlanConstraints, calendar: Calendar, availability: Availability, rules: frozenset[PlanRule]
    ) -> None:
        self.wanted = constraints
        self.calendar = calendar
        self.availability = availability
        self.rules = rules
        self.model = cp_model.CpModel()
        self.modules = [self._module(number) for number in range(self._most_modules())]
        for before, after in zip(self.modules, self.modules[1:], strict=False):
            self._link_modules(before, after)
        self._limit_cycle()
        self._count_days_and_hours()
        self._require_regions()
        self._limit_shares()
        for module in self.modules:
            self._require_staff_and_venues(module)

    def date_of(self, day: int) -> date:
        return self.wanted.first_from + timedelta(days=day)

    def _most_modules(self) -> int:
        if self.rules.isdisjoint(COUNTED):
            return self.wanted.min_regions
        more = 0 if PlanRule.TOTAL_DAYS in self.rules else EASED_MODULES
        return max(1, self.wanted.total_days // self.wanted.min_module_days) + more

    def _lengths(self) -> range:
        shortest, longest = self.wanted.min_module_days, self.wanted.max_module_days
        if PlanRule.MODULE_LENGTH not in self.rules:
            shortest, longest = max(1, shortest - EASED_MODULE_DAYS), longest + EASED_MODULE_DAYS
        return range(shortest, longest + 1)

    def _gap(self) -> tuple[int, int]:
        """Return the shortest and longest gap, never so short that modules could overlap."""
        shortest, longest = self.wanted.min_gap_days, self.wanted.max_gap_days
        if PlanRule.GAP not in self.rules:
            shortest, longest = shortest - EASED_DAYS, longest + EASED_DAYS
        return max(shortest, *self._lengths()), longest

    def _cycle_days(self) -> int:
        return self.wanted.cycle_days + (0 if PlanRule.WITHIN_CYCLE in self.rules else EASED_DAYS)

    def _window(self, number: int) -> range:
        """Return the day numbers on which this module may start, considered alone."""
        shortest, longest = self._gap()
        if self.rules.isdisjoint(DATED):
            return range(number * shortest, number * shortest + 1)
        latest_first = (self.wanted.first_until - self.wanted.first_from).days
        if PlanRule.FIRST_MODULE not in self.rules:
            latest_first += EASED_DAYS
        end = min(self.availability.last_day, latest_first + self._cycle_days() - 1)
        return range(number * shortest, min(latest_first + number * longest, end) + 1)

    def _may_teach(self, day: int, length: int) -> bool:
        if self.rules.isdisjoint(DATED):
            return True
        if day + length - 1 > self.availability.last_day:
            return False
        dates = [self.date_of(day + n) for n in range(length)]
        if PlanRule.NO_HOLIDAY in self.rules and any(is_holiday(self.calendar, on) for on in dates):
            return False
        return PlanRule.BLOCKED_DATES not in self.rules or self.wanted.blocked_dates.isdisjoint(dates)

    def _module(self, number: int) -> ModuleVars:
        model, lengths = self.model, self._lengths()
        starts = {
            (day, length): model.new_bool_var(f"start_{number}_{day}_{length}")
            for day in self._window(number)
            for length in lengths
            if self._may_teach(day, length)
        }
        used = model.new_constant(1) if number == 0 else model.new_bool_var(f"used_{number}")
        model.add(sum(starts.values()) == used)
        first_day = model.new_int_var(0, self.availability.last_day, f"first_day_{number}")
        model.add(first_day == cp_model.LinearExpr.weighted_sum(list(starts.values()), [day for day, _ in starts]))
        regions = {name: model.new_bool_var(f"in_{number}_{name}") for name in self.availability.regions}
        model.add(sum(regions.values()) == used)
        active = [model.new_bool_var(f"active_{number}_{k}") for k in range(2 * max(lengths))]
        for k, var in enumerate(active):
            model.add(var == sum(start for (_, length), start in starts.items() if length > k // 2))
        return ModuleVars(starts, used, first_day, regions, active, self._halves(number, active))

    def _halves(self, number: int, active: list[cp_model.IntVar]) -> dict[Purpose, list[cp_model.IntVar]]:
        """Give each half-day one kind of lesson, teacher and venue; visits to firms are practice."""
        halves: dict[Purpose, list[cp_model.IntVar]] = {
            purpose: [self.model.new_bool_var(f"{purpose}_{number}_{k}") for k in range(len(active))]
            for purposes in EITHER_OR
            for purpose in purposes
        }
        for k, var in enumerate(active):
            for purposes in EITHER_OR:
                self.model.add(sum(halves[purpose][k] for purpose in purposes) == var)
            self.model.add_implication(halves[VenueKind.FIRM][k], halves[LessonKind.PRACTICE][k])
        return halves

    def _link_modules(self, before: ModuleVars, after: ModuleVars) -> None:
        """Link two modules by one inequality per day in both directions: a far tighter relaxation than one on the day
        difference.

        With the eased, wide gap of an explanation the difference is good enough and much faster to build.
        """
        self.model.add_implication(after.used, before.used)
        shortest, longest = self._gap()
        if PlanRule.GAP not in self.rules:
            self.model.add_linear_constraint(after.first_day - before.first_day, shortest, longest).only_enforce_if(
                after.used
            )
            return
        earlier, later = before.by_day(), after.by_day()
        for day, starts in later.items():
            reached_from = (var for gap in range(shortest, longest + 1) for var in earlier.get(day - gap, ()))
            self.model.add(sum(starts) <= sum(reached_from))
        for day, starts in earlier.items():
            leads_to = (var for gap in range(shortest, longest + 1) for var in later.get(day + gap, ()))
            self.model.add(sum(starts) + after.used - 1 <= sum(leads_to))

    def _limit_cycle(self) -> None:
        for module in self.modules:
            end = module.first_day + module.length
            self.model.add(end - self.modules[0].first_day <= self._cycle_days()).only_enforce_if(module.used)

    def _count_days_and_hours(self) -> None:
        days = self.model.new_int_var(1, max(self._lengths()) * len(self.modules), "days")
        self.model.add(days == sum(module.length for module in self.modules))
        self.total_hours = (self.wanted.am_hours + self.wanted.pm_hours) * days
        if PlanRule.TOTAL_DAYS in self.rules:
            self.model.add(days == self.wanted.total_days)
        if PlanRule.TOTAL_HOURS in self.rules:
            self.model.add(self.total_hours >= self.wanted.min_hours)

    def _hours(self, halves_of_modules: Iterable[list[cp_model.IntVar]]) -> Expression:
        by_half = [self.wanted.hours_of(Half.AM), self.wanted.hours_of(Half.PM)]
        weighted = [(var, by_half[k % 2]) for halves in halves_of_modules for k, var in enumerate(halves)]
        return cp_model.LinearExpr.weighted_sum([var for var, _ in weighted], [hours for _, hours in weighted])

    def _require_regions(self) -> None:
        if PlanRule.REGIONS not in self.rules:
            return
        reached = {name: self.model.new_bool_var(f"reached_{name}") for name in self.availability.regions}
        for name, var in reached.items():
            self.model.add_bool_or([module.regions[name] for module in self.modules]).only_enforce_if(var)
        self.model.add(sum(reached.values()) >= self.wanted.min_regions)

    def _limit_shares(self) -> None:
        wanted = self.wanted
        practice = self._hours(module.halves[LessonKind.PRACTICE] for module in self.modules)
        mentor = self._hours(module.halves[TeacherKind.MENTOR] for module in self.modules)
        site = self._hours(module.halves[VenueKind.FIRM] for module in self.modules)
        bands = [
            (PlanRule.PRACTICE_SHARE, practice, wanted.practice_percent, wanted.practice_tolerance),
            (PlanRule.MENTOR_SHARE, mentor, wanted.mentor_percent, wanted.mentor_tolerance),
        ]
        for rule, part, percent, tolerance in bands:
            if rule in self.rules:
                self.model.add(100 * part >= (percent - tolerance) * self.total_hours)
                self.model.add(100 * part <= (percent + tolerance) * self.total_hours)
        if PlanRule.SITE_SHARE in self.rules:
            self.model.add(100 * site >= wanted.min_site_percent_of_practice * practice)

    def _require_staff_and_venues(self, module: ModuleVars) -> None:
        """Require that a half-day's kind of teacher and venue is available in the module's region on its date."""
        for role, rule in NEEDED_BY.items():
            if rule not in self.rules:
                continue
            missing = {region: self.availability.missing[role, region] for region in module.regions}
            nowhere = frozenset.intersection(*missing.values())
            for k, needed in enumerate(module.halves[role]):
                # Redundant, but linear: it shows the solver early how many working days are needed.
                there = [var for (day, _), var in module.starts.items() if day + k // 2 not in nowhere]
                self.model.add(needed <= sum(there))
                for region, here in module.regions.items():
                    lacking = [var for (day, _), var in module.starts.items() if day + k // 2 in missing[region]]
                    if lacking:
                        self.model.add(sum(lacking) == 0).only_enforce_if(needed, here)
