"""What an installation needs before its first area."""

from django.db import transaction

from ..models import DutyRole, Level

#: code, Chinese, English, order, decides who is responsible
LEVELS = [
    ("district", "区县", "District", 10, False),
    ("street", "街道", "Street", 20, False),
    ("community", "社区", "Community", 30, False),
    ("grid", "网格", "Grid", 40, True),
    ("building", "楼栋", "Building", 50, False),
]

#: code, Chinese, English, order, shown to residents
ROLES = [
    ("grid_member", "网格员", "Grid member", 10, True),
    ("grid_leader", "网格长", "Grid leader", 20, True),
    ("building_head", "楼栋长", "Building head", 30, True),
    ("registrar", "受理员", "Registrar", 40, False),
    ("dispatcher", "派遣员", "Dispatcher", 50, False),
    ("checker", "核查员", "Checker", 60, False),
    ("shift_leader", "值班长", "Shift leader", 70, False),
    ("department", "职能部门", "Department", 80, False),
    ("supervisor", "督导", "Supervisor", 90, False),
    ("administrator", "管理员", "Administrator", 100, False),
]


@transaction.atomic
def load_levels_and_roles() -> tuple[int, int]:
    """Add the standard levels and duty roles that are missing and keep the others; the numbers added."""
    before = Level.objects.count(), DutyRole.objects.count()
    for code, name, name_en, order, is_grid in LEVELS:
        Level.objects.get_or_create(
            code=code, defaults={"name": name, "name_en": name_en, "order": order, "is_grid": is_grid}
        )
    for code, name, name_en, order, is_public in ROLES:
        DutyRole.objects.get_or_create(
            code=code, defaults={"name": name, "name_en": name_en, "order": order, "is_public": is_public}
        )
    return Level.objects.count() - before[0], DutyRole.objects.count() - before[1]
